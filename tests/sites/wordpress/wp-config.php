<?php
// The site's configuration: as the installation writes it, with the line for a proxy
// that speaks TLS (docs/origins.md). FR_SITE_FOLDER and the socket come from php-fpm.
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('FR_SITE_FOLDER') . '/db.sock');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
	define($name . '_KEY', 'for tests only ' . $name);
	define($name . '_SALT', 'salt for tests only ' . $name);
}
define('WP_CONTENT_DIR', __DIR__ . '/wp-content');
define('WP_DEBUG', false);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
$table_prefix = 'wp_';

// the one line that a site behind a proxy with TLS needs
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') $_SERVER['HTTPS'] = 'on';

// one installation for any port of the tests; a real site has one address in its settings
if (isset($_SERVER['HTTP_HOST'])) {
	define('WP_HOME', 'https://' . $_SERVER['HTTP_HOST']);
	define('WP_SITEURL', 'https://' . $_SERVER['HTTP_HOST']);
}

defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
