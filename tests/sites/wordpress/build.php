<?php
// Plugin Name: Build
// A theme's own build step, as many sites have it: assets with a hash in their names.
add_action('wp_enqueue_scripts', function () {
	$release = json_decode(file_get_contents(WP_CONTENT_DIR . '/build/release.json'), true);
	wp_enqueue_style('build', content_url('build/' . $release['style']), [], null);
	wp_enqueue_script('build', content_url('build/' . $release['script']), [], null, true);
});
// guests of one address write many comments here
add_filter('comment_flood_filter', '__return_false', 99);
add_filter('wp_is_comment_flood', '__return_false', 99);
