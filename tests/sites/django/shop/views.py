"""A home page, an account, a guest book in the database, an upload."""
import hashlib
import json

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render


def release():
    return json.loads((settings.FOLDER / 'release.json').read_text())


def page(request, title, **more):
    return render(request, 'page.html', {'title': title, 'release': release(), 'filler': range(60), **more})


def home(request):
    return page(request, 'Home')


@login_required
def account(request):
    return page(request, 'Account', form='account')


def guestbook(request):
    with connection.cursor() as c:
        if request.method == 'POST':
            c.execute('INSERT INTO note (text) VALUES (%s)', [request.POST['text']])
            return redirect('/guestbook/')
        c.execute('SELECT text FROM note')
        return page(request, 'Guest book', form='guestbook', notes=[row[0] for row in c.fetchall()])


def upload(request):
    if request.method == 'POST':
        h = hashlib.sha256()
        for chunk in request.FILES['file'].chunks():
            h.update(chunk)
        return HttpResponse(h.hexdigest(), content_type='text/plain')
    return page(request, 'Upload', form='upload')


def broken(request):
    raise RuntimeError('broken on purpose')


def setup():
    """What a new installation has: two people who may use the admin pages, and a table."""
    for name in ('alice', 'bob'):
        User.objects.create_superuser(name, password=f'password of {name}', first_name=f'marker-of-{name}')
    with connection.cursor() as c:
        c.execute('CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)')
        c.execute('PRAGMA journal_mode = WAL')
