<?php

/** Symfony Mailer as Debian packages it (php-symfony-mailer). */

use Symfony\Component\Mailer\Mailer;
use Symfony\Component\Mailer\Transport\Smtp\EsmtpTransport;
use Symfony\Component\Mime\Email;

require '/usr/share/php/Symfony/Component/Mailer/autoload.php';

$mail = json_decode($argv[1], true, flags: JSON_THROW_ON_ERROR);
$transport = new EsmtpTransport($mail['host'], $mail['port'], $mail['tls'] === 'implicit');
$transport->getStream()->setStreamOptions(['ssl' => ['cafile' => $mail['ca']]]);
$transport->getStream()->setTimeout(20);
if ($mail['user'] !== '') {
    $transport->setUsername($mail['user']);
    $transport->setPassword($mail['password']);
}
$message = (new Email())->from($mail['from'])->to($mail['to'])->subject($mail['subject'])->text($mail['body'])->html('<p>' . htmlspecialchars($mail['body']) . '</p>');
(new Mailer($transport))->send($message);
