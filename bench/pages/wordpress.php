<?php
// Installs WordPress into an empty database and writes what its front page shows:
// ten posts, some with a picture of a theme. argv: theme.
define('WP_INSTALLING', true);
require getenv('WORDPRESS') . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Front page', 'admin', 'admin@pages.test', false, '', 'not-used');
switch_theme($argv[1]);
wp_delete_post(1, true);
$words = ['harbour', 'morning', 'ferry', 'granite', 'window', 'lantern', 'orchard', 'river', 'market', 'bridge', 'evening', 'garden'];
$pictures = array_map('basename', glob(ABSPATH . 'wp-content/themes/*/assets/images/*.jpg'));
$folder = '/wp-content/themes/twentytwentyone/assets/images/';
for ($n = 0; $n < 10; $n++) {
    $text = '';
    if ($n % 3 == 0 && $pictures)
        $text .= '<!-- wp:image --><figure class="wp-block-image"><img src="' . $folder . $pictures[$n % count($pictures)] . '" alt="A picture"/></figure><!-- /wp:image -->';
    for ($p = 0; $p < 6; $p++) {
        $sentence = [];
        for ($w = 0; $w < 60; $w++)
            $sentence[] = $words[($n * 7 + $p * 5 + $w * $w) % count($words)];
        $text .= '<!-- wp:paragraph --><p>' . ucfirst(implode(' ', $sentence)) . '.</p><!-- /wp:paragraph -->';
    }
    wp_insert_post(['post_title' => ucfirst($words[$n]) . ' notes', 'post_content' => $text, 'post_status' => 'publish', 'post_author' => 1,
        'post_date' => sprintf('2024-01-%02d 10:00:00', $n + 1)]);
}
