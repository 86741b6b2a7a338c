<?php
// Installs WordPress as its own page does, with a few posts and two people who write.
// usage: php seed.php FOLDER
define('WP_INSTALLING', true);
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install('A small blog', 'admin', 'admin@example.org', true, '', 'password of admin');
foreach (['alice', 'bob'] as $name) {
	wp_insert_user(['user_login' => $name, 'user_pass' => "password of $name", 'user_email' => "$name@example.org",
		'display_name' => "marker-of-$name", 'role' => 'editor']);
}
update_option('siteurl', 'https://localhost');
update_option('home', 'https://localhost');
update_option('permalink_structure', '/%postname%/');
update_option('comment_previously_approved', 0);
update_option('comment_moderation', 0);
update_option('comments_notify', 0);
update_option('moderation_notify', 0);
update_option('template', 'twentytwentyone');
update_option('stylesheet', 'twentytwentyone');
$words = str_repeat('Some words of a post that somebody wrote one evening, and others read. ', 12);
for ($i = 1; $i <= 8; $i++) {
	wp_insert_post(['post_title' => "Post number $i", 'post_name' => "post-$i", 'post_status' => 'publish', 'post_author' => 1,
		'post_content' => str_repeat("<!-- wp:paragraph --><p>$words</p><!-- /wp:paragraph -->\n", 6)]);
}
flush_rewrite_rules();
echo "installed\n";
