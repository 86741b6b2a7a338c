// This answer took its time at the origin and may not be stored.
document.getElementById('slow').textContent = 'The slow resource has arrived.';
