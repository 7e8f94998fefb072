<?php

/** PHPMailer as Debian packages it (libphp-phpmailer). */

use PHPMailer\PHPMailer\PHPMailer;

require '/usr/share/php/libphp-phpmailer/autoload.php';

$mail = json_decode($argv[1], true, flags: JSON_THROW_ON_ERROR);
$client = new PHPMailer(true);
$client->isSMTP();
$client->Host = $mail['host'];
$client->Port = $mail['port'];
$client->Timeout = 20;
$client->CharSet = PHPMailer::CHARSET_UTF8;
$client->SMTPSecure = ['none' => '', 'starttls' => PHPMailer::ENCRYPTION_STARTTLS, 'implicit' => PHPMailer::ENCRYPTION_SMTPS][$mail['tls']];
$client->SMTPOptions = ['ssl' => ['cafile' => $mail['ca']]];
$client->SMTPAuth = $mail['user'] !== '';
$client->Username = $mail['user'];
$client->Password = $mail['password'];
$client->setFrom($mail['from'], 'Site');
$client->addAddress($mail['to']);
$client->Subject = $mail['subject'];
$client->Body = $mail['body'];
$client->send();
