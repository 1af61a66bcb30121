/*
 * Mail to properties, by the specification: a message, and lines that its
 * object must have ("SUBJECT=..."), or must not ("!..."); R0 is the first
 * recipient, A0 the first attachment, A0E the message that it is.  Then
 * objects to mail.
 */

#include "ptn_charset.h"
#include "ptn_eid.h"
#include "ptn_oxcmail.h"
#include "ptn_oxcmail_check.h"
#include "ptn_oxcmail_make.h"
#include "ptn_test.h"


static const ptn_oxcmail_export_t  opts = {
    ptn_string("host.test"), ptn_string("0123456789abcdef"), 1700000000, true
};


/* --- mail to properties --------------------------------------------------- */

static void
dump_props(ptn_buf_t *out, const char *scope, const ptn_props_t *props)
{
    size_t     k;
    int64_t    n;
    uint32_t   i;
    ptn_str_t  v;

    for (i = 0; i < props->n; i++) {
        v = props->p[i].value;
        ptn_buf_printf(out, "%s%s=", scope, ptn_prop_name(props->p[i].tag));

        if (ptn_prop_int(props->p[i].tag, v, &n)) {
            ptn_buf_printf(out, "%lld", (long long) n);

        } else {
            for (k = 0; k < v.len; k++) {
                if (v.data[k] == '\r') {
                    ptn_buf_z(out, "\\r");

                } else if (v.data[k] == '\n') {
                    ptn_buf_z(out, "\\n");

                } else if (v.data[k] == '\0') {
                    ptn_buf_z(out, "\\0");

                } else {
                    ptn_buf_byte(out, v.data[k]);
                }
            }
        }

        ptn_buf_z(out, "\n");
    }
}


static void
dump(ptn_buf_t *out, const char *scope, const ptn_object_t *o)
{
    char      sub[64];
    uint32_t  i;

    dump_props(out, scope, &o->props);
    ptn_buf_printf(out, "%srecipients=%u\n%sattachments=%u\n", scope,
                   o->nrecips, scope, o->nattachs);

    for (i = 0; i < o->nrecips; i++) {
        snprintf(sub, sizeof(sub), "%sR%u.", scope, i);
        dump_props(out, sub, &o->recips[i].props);
    }

    for (i = 0; i < o->nattachs; i++) {
        snprintf(sub, sizeof(sub), "%sA%u.", scope, i);
        dump_props(out, sub, &o->attachs[i].props);

        if (o->attachs[i].embedded != NULL) {
            snprintf(sub, sizeof(sub), "%sA%uE.", scope, i);
            dump(out, sub, o->attachs[i].embedded);

        } else {
            ptn_buf_printf(out, "%sA%u.data=", scope, i);
            ptn_buf_str(out, o->attachs[i].data);
            ptn_buf_z(out, "\n");
        }
    }
}


#define LINES  24

static const struct {
    const char  *what;
    const char  *mail;
    const char  *lines[LINES];
} rows[] = {

    { "people",
      "From: \"Alice, A.\" <alice@example.test>\r\n"
      "Sender: =?utf-8?q?B=C3=B6b?= <bob@example.test>\r\n"
      "Reply-To: Team <team@example.test>, x@example.test\r\n"
      "To: Carol <carol@example.test>, dave@example.test\r\n"
      "To: =?iso-8859-1?q?J=F6rg?= <joerg@example.test>\r\n"
      "Cc: Friends: eve@example.test, frank@example.test;\r\n"
      "Bcc: secret@example.test\r\n\r\nx\r\n",
      { "SENT_REPRESENTING_NAME=Alice, A.",
        "SENT_REPRESENTING_ADDRTYPE=SMTP",
        "SENT_REPRESENTING_EMAIL=alice@example.test",
        "SENT_REPRESENTING_SMTP_ADDRESS=alice@example.test",
        "SENT_REPRESENTING_SEARCH_KEY=SMTP:ALICE@EXAMPLE.TEST\\0",
        "SENDER_NAME=B\xc3\xb6" "b", "SENDER_EMAIL=bob@example.test",
        "SENDER_SEARCH_KEY=SMTP:BOB@EXAMPLE.TEST\\0",
        "REPLY_RECIPIENT_NAMES=Team;x@example.test",
        "DISPLAY_TO=Carol; dave@example.test; J\xc3\xb6rg",
        "DISPLAY_CC=eve@example.test; frank@example.test",
        "DISPLAY_BCC=secret@example.test", "recipients=6",
        "R0.DISPLAY_NAME=Carol", "R0.RECIPIENT_TYPE=1",
        "R0.ADDRTYPE=SMTP", "R0.EMAIL_ADDRESS=carol@example.test",
        "R0.SMTP_ADDRESS=carol@example.test", "R0.OBJECT_TYPE=6",
        "R1.DISPLAY_NAME=dave@example.test",
        "R2.EMAIL_ADDRESS=joerg@example.test", "R3.RECIPIENT_TYPE=2",
        "R5.RECIPIENT_TYPE=3", "R5.SEARCH_KEY=SMTP:SECRET@EXAMPLE.TEST\\0" } },

    { "From alone is Sender too",
      "From: a@example.test\r\n\r\n",
      { "SENDER_NAME=a@example.test", "SENDER_EMAIL=a@example.test",
        "SENT_REPRESENTING_NAME=a@example.test", "!REPLY_RECIPIENT_NAMES",
        "DISPLAY_TO=", "recipients=0" } },

    { "Sender alone is From too",
      "Sender: a@example.test\r\n\r\n",
      { "SENT_REPRESENTING_EMAIL=a@example.test" } },

    { "nobody", "Subject: x\r\n\r\n",
      { "!SENDER_EMAIL", "!SENT_REPRESENTING_NAME" } },

    { "a group of nobody",
      "To: undisclosed-recipients:;\r\n\r\n", { "recipients=0" } },

    { "a subject with a prefix",
      "Subject: Re: Minutes\r\n\r\n",
      { "SUBJECT=Re: Minutes", "SUBJECT_PREFIX=Re: ",
        "NORMALIZED_SUBJECT=Minutes", "CONVERSATION_TOPIC=Minutes" } },

    { "without a blank behind it",
      "Subject: AW:Minutes\r\n\r\n",
      { "SUBJECT=AW: Minutes", "SUBJECT_PREFIX=AW: ",
        "NORMALIZED_SUBJECT=Minutes" } },

    { "three characters, not bytes",
      "Subject: =?utf-8?b?0L7RgtCy?=: x\r\n\r\n",
      { "SUBJECT_PREFIX=\xd0\xbe\xd1\x82\xd0\xb2: ", "NORMALIZED_SUBJECT=x" } },

    { "four are none",
      "Subject: Note: x\r\n\r\n",
      { "SUBJECT_PREFIX=", "NORMALIZED_SUBJECT=Note: x" } },

    { "digits are none",
      "Subject: R2: x\r\n\r\n",
      { "SUBJECT_PREFIX=", "NORMALIZED_SUBJECT=R2: x" } },

    { "of two prefixes the first",
      "Subject: Re: Fw: x\r\n\r\n",
      { "SUBJECT_PREFIX=Re: ", "NORMALIZED_SUBJECT=Fw: x" } },

    { "no subject", "From: a@b\r\n\r\n",
      { "SUBJECT=", "SUBJECT_PREFIX=", "NORMALIZED_SUBJECT=",
        "CONVERSATION_TOPIC=" } },

    { "a folded, encoded subject; a line break within it",
      "Subject: =?utf-8?q?a=0Ab?=\r\n =?utf-8?q?_c?=\r\n\r\n",
      { "SUBJECT=a b c" } },

    { "ids, dates, conversation",
      "Message-ID: <1@example.test>\r\n"
      "In-Reply-To: <0@example.test>\r\n"
      "References: <a@example.test>\r\n\t<0@example.test>\r\n"
      "Date: Fri, 28 Nov 2026 01:40:29 +0100\r\n"
      "Expires: Sat, 29 Nov 2026 00:40:29 +0000\r\n"
      "Thread-Topic: Old topic\r\nSubject: New\r\n"
      "Thread-Index: AQHZAAAAAAAAAAAAAAAAAAAAAAAAAA==\r\n"
      "Return-Path: <bounce@example.test>\r\n\r\n",
      { "INTERNET_MESSAGE_ID=<1@example.test>",
        "IN_REPLY_TO_ID=<0@example.test>",
        "INTERNET_REFERENCES=<a@example.test> <0@example.test>",
        "CLIENT_SUBMIT_TIME=134403000290000000",
        "EXPIRY_TIME=134403864290000000", "CONVERSATION_TOPIC=Old topic",
        "NORMALIZED_SUBJECT=New",
        "INTERNET_RETURN_PATH=<bounce@example.test>",
        "CONVERSATION_INDEX=\1\1\xd9\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"
        "\\0\\0\\0\\0\\0\\0" } },

    { "an index that is too short",
      "Thread-Index: AQHZ\r\n\r\n", { "!CONVERSATION_INDEX" } },

    { "a date that is none", "Date: yesterday\r\n\r\n",
      { "!CLIENT_SUBMIT_TIME" } },

    { "nothing said about importance", "Subject: x\r\n\r\n",
      { "IMPORTANCE=1", "PRIORITY=0", "SENSITIVITY=0",
        "READ_RECEIPT_REQUESTED=0", "!AUTO_RESPONSE_SUPPRESS",
        "!ORIGINATOR_DELIVERY_REPORT_REQUESTED" } },

    { "Importance is above the others",
      "X-Priority: 5\r\nImportance: High\r\nPriority: Non-Urgent\r\n\r\n",
      { "IMPORTANCE=2", "PRIORITY=-1" } },

    { "X-Priority", "X-Priority: 1 (Highest)\r\n\r\n",
      { "IMPORTANCE=2", "PRIORITY=1" } },

    { "X-MSMail-Priority", "X-MSMail-Priority: Low\r\n\r\n",
      { "IMPORTANCE=0", "PRIORITY=-1" } },

    { "sensitivity", "Sensitivity: Company-Confidential\r\n\r\n",
      { "SENSITIVITY=3" } },

    { "receipts",
      "From: a@example.test\r\n"
      "Disposition-Notification-To: A <r@example.test>\r\n"
      "Return-Receipt-To: a@example.test\r\n"
      "X-Auto-Response-Suppress: OOF, AutoReply\r\n\r\n",
      { "READ_RECEIPT_REQUESTED=1", "NON_RECEIPT_NOTIFICATION_REQUESTED=1",
        "READ_RECEIPT_NAME=A", "READ_RECEIPT_EMAIL_ADDRESS=r@example.test",
        "ORIGINATOR_DELIVERY_REPORT_REQUESTED=1",
        "AUTO_RESPONSE_SUPPRESS=48" } },

    { "suppress all", "X-Auto-Response-Suppress: All\r\n\r\n",
      { "AUTO_RESPONSE_SUPPRESS=-1" } },

    { "the header as it came",
      "Received: by x\r\nX-Y: \xc3\xa4\r\nSubject: z\r\n\r\nbody",
      { "TRANSPORT_MESSAGE_HEADERS=Received: by x\\r\\nX-Y: \xc3\xa4\\r\\n"
        "Subject: z\\r\\n" } },

    { "a plain text",
      "Content-Type: text/plain; charset=iso-8859-1\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n",
      { "BODY=Gr\xc3\xbc\xc3\x9f" "e\\r\\n", "NATIVE_BODY=1",
        "INTERNET_CPID=65001", "MESSAGE_CLASS=IPM.Note", "HASATTACH=0",
        "attachments=0",
        "HTML=<html>\\r\\n<head>\\r\\n<meta http-equiv=\"Content-Type\" "
        "content=\"text/html; charset=utf-8\">\\r\\n</head>\\r\\n<body>\\r\\n"
        "<div class=\"PlainText\">Gr\xc3\xbc\xc3\x9f" "e<br>\\r\\n</div>\\r\\n"
        "</body>\\r\\n</html>\\r\\n" } },

    { "lines of LF", "Subject: x\n\na\nb\n", { "BODY=a\\r\\nb\\r\\n" } },

    { "HTML keeps its charset",
      "Content-Type: text/html; charset=windows-1252\r\n"
      "Content-Transfer-Encoding: 8bit\r\n\r\n<p>\x80 5\r\n",
      { "HTML=<p>\x80 5\\r\\n", "INTERNET_CPID=1252", "NATIVE_BODY=3",
        "BODY=\xe2\x82\xac 5\\r\\n" } },

    { "HTML that says its charset itself",
      "Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "<meta charset=koi8-r>\xc1\r\n",
      { "HTML=<meta charset=koi8-r>\xd0\xb0\\r\\n", "INTERNET_CPID=65001",
        "BODY=\xd0\xb0\\r\\n" } },

    { "a text that flows",
      "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n>a \r\n>b"
      "\r\nc\r\n", { "BODY=> ab\\r\\nc\\r\\n", "NATIVE_BODY=1" } },

    { "HTML of a charset without code page is UTF-8",
      "Content-Type: text/html; charset=utf-16le\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nPABiAD4A5AA=\r\n",
      { "HTML=<b>\xc3\xa4", "INTERNET_CPID=65001" } },

    { "alternative",
      "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
      "--b\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n\r\n<i>html\r\n"
      "--b--\r\n",
      { "BODY=text", "HTML=<i>html", "NATIVE_BODY=3", "attachments=0" } },

    { "alternative, the text of which is blank",
      "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
      "--b\r\n\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\n<i>html\r\n"
      "--b--\r\n", { "BODY=html\\r\\n", "HTML=<i>html" } },

    { "a calendar beside them is an attachment",
      "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
      "--b\r\n\r\ntext\r\n--b\r\nContent-Type: text/calendar; charset=utf-8;"
      " method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n--b--\r\n",
      { "BODY=text", "attachments=1", "A0.ATTACH_MIME_TAG=text/calendar",
        "A0.ATTACH_LONG_FILENAME=ATT00001.ics",
        "A0.TEXT_ATTACHMENT_CHARSET=utf-8", "A0.data=BEGIN:VCALENDAR" } },

    { "related within alternative, a picture",
      "Content-Type: multipart/alternative; boundary=a\r\n\r\n"
      "--a\r\n\r\ntext\r\n"
      "--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
      "--r\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:p@x\">\r\n"
      "--r\r\nContent-Type: image/png; name=p.png\r\nContent-ID: <p@x>\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\niVBO\r\n--r--\r\n--a--\r\n",
      { "BODY=text", "HTML=<img src=\"cid:p@x\">", "HASATTACH=0",
        "attachments=1", "A0.ATTACH_FLAGS=4", "A0.ATTACHMENT_HIDDEN=1",
        "A0.ATTACH_CONTENT_ID=p@x", "A0.ATTACH_LONG_FILENAME=p.png",
        "A0.ATTACH_EXTENSION=.png", "A0.RENDERING_POSITION=-1",
        "A0.ATTACH_SIZE=3", "A0.ATTACH_METHOD=1" } },

    { "alternative within related, its root by `start`",
      "Content-Type: multipart/related; boundary=r; start=\"<root>\"\r\n\r\n"
      "--r\r\nContent-Type: image/gif\r\nContent-Location: a.gif\r\n\r\nGIF"
      "\r\n--r\r\nContent-ID: <root>\r\n"
      "Content-Type: multipart/alternative; boundary=a\r\n\r\n"
      "--a\r\n\r\ntext\r\n--a\r\nContent-Type: text/html\r\n\r\n<b>x\r\n"
      "--a--\r\n--r--\r\n",
      { "BODY=text", "HTML=<b>x", "A0.ATTACH_CONTENT_LOCATION=a.gif",
        "A0.ATTACH_FLAGS=4", "attachments=1" } },

    { "what is no picture is no inline one",
      "Content-Type: multipart/related; boundary=r\r\n\r\n"
      "--r\r\nContent-Type: text/html\r\n\r\nx\r\n"
      "--r\r\nContent-Type: application/pdf\r\nContent-ID: <a>\r\n\r\nPDF\r\n"
      "--r--\r\n",
      { "A0.ATTACH_FLAGS=0", "A0.ATTACHMENT_HIDDEN=0", "HASATTACH=1" } },

    { "a picture within plain text is none either",
      "Content-Type: multipart/related; boundary=r\r\n\r\n"
      "--r\r\n\r\nx\r\n"
      "--r\r\nContent-Type: image/png\r\nContent-ID: <a>\r\n\r\nPNG\r\n"
      "--r--\r\n", { "A0.ATTACH_FLAGS=0", "HASATTACH=1" } },

    { "texts below each other, a file between",
      "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
      "--m\r\n\r\none\r\n"
      "--m\r\nContent-Type: application/zip; name=\"a.zip\"\r\n\r\nPK\r\n"
      "--m\r\nContent-Type: text/plain\r\nContent-Disposition: inline\r\n\r\n"
      "two\r\n--m--\r\n",
      { "BODY=one\\r\\ntwo", "attachments=1",
        "A0.ATTACH_LONG_FILENAME=a.zip" } },

    { "HTML below text is HTML",
      "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
      "--m\r\n\r\n1<2\r\n"
      "--m\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<b>x</b>\r\n"
      "--m--\r\n",
      { "HTML=<div class=\"PlainText\">1&lt;2</div>\\r\\n<b>x</b>",
        "BODY=1<2\\r\\nx\\r\\n", "NATIVE_BODY=3", "INTERNET_CPID=65001" } },

    { "a text with a name is a file",
      "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
      "--m\r\n\r\none\r\n"
      "--m\r\nContent-Type: text/plain; name=\"x.txt\"\r\n\r\ntwo\r\n"
      "--m\r\nContent-Disposition: attachment\r\n\r\nthree\r\n--m--\r\n",
      { "BODY=one", "attachments=2", "A0.ATTACH_LONG_FILENAME=x.txt",
        "A0.data=two", "A1.data=three",
        "A1.ATTACH_LONG_FILENAME=ATT00002.txt" } },

    { "an attachment first is no body",
      "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
      "--m\r\nContent-Disposition: attachment\r\n\r\nfile\r\n"
      "--m\r\n\r\nbody\r\n--m--\r\n",
      { "BODY=body", "A0.data=file", "attachments=1" } },

    { "a message that is a file",
      "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n"
      "Content-Disposition: inline; filename=\"C:\\\\dir\\\\photo.of.me.jpeg\";"
      "\r\n modification-date=\"Fri, 28 Nov 2026 00:40:29 +0000\"\r\n\r\n"
      "/9j/\r\n",
      { "!BODY", "!HTML", "NATIVE_BODY=0", "attachments=1",
        "A0.ATTACH_LONG_FILENAME=photo.of.me.jpeg",
        "A0.ATTACH_EXTENSION=.jpeg", "A0.ATTACH_FILENAME=photoo~1.jpe",
        "A0.DISPLAY_NAME=photo.of.me.jpeg",
        "A0.LAST_MODIFICATION_TIME=134403000290000000", "HASATTACH=1" } },

    { "names of RFC 2231 and 2047",
      "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
      "--m\r\nContent-Disposition: attachment;\r\n"
      " filename*0*=utf-8''%E2%82%AC; filename*1=\"uro.txt\"\r\n\r\nx\r\n"
      "--m\r\nContent-Type: a/b; name=\"=?utf-8?q?=C3=A4.bin?=\"\r\n\r\ny\r\n"
      "--m--\r\n",
      { "A0.ATTACH_LONG_FILENAME=\xe2\x82\xac" "uro.txt",
        "A0.ATTACH_FILENAME=uro~1.txt",
        "A1.ATTACH_LONG_FILENAME=\xc3\xa4.bin" } },

    { "a message within a message",
      "Subject: outer\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
      "--m\r\n\r\nsee\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n"
      "Subject: inner\r\nTo: z@example.test\r\n"
      "Content-Type: multipart/mixed; boundary=n\r\n\r\n"
      "--n\r\n\r\ninside\r\n--n\r\nContent-Disposition: attachment;"
      " filename=f\r\n\r\ndata\r\n--n--\r\n--m--\r\n",
      { "BODY=see", "A0.ATTACH_METHOD=5", "A0.DISPLAY_NAME=inner",
        "A0.ATTACH_MIME_TAG=message/rfc822", "!A0.ATTACH_LONG_FILENAME",
        "A0E.SUBJECT=inner", "A0E.recipients=1", "A0E.BODY=inside",
        "A0E.A0.ATTACH_LONG_FILENAME=f", "HASATTACH=1" } },

    { "clear-signed",
      "Subject: s\r\nContent-Type: multipart/signed; boundary=s;\r\n"
      " protocol=\"application/pkcs7-signature\"\r\n\r\n"
      "--s\r\n\r\nsigned text\r\n--s\r\n"
      "Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nSIG"
      "\r\n--s--\r\n",
      { "MESSAGE_CLASS=IPM.Note.SMIME.MultipartSigned", "BODY=signed text",
        "attachments=1", "A0.ATTACH_MIME_TAG=multipart/signed",
        "A0.ATTACH_LONG_FILENAME=smime.p7m", "HASATTACH=1" } },

    { "opaque",
      "Content-Type: application/pkcs7-mime; name=smime.p7m\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nMIAGCQ==\r\n",
      { "MESSAGE_CLASS=IPM.Note.SMIME", "!BODY", "attachments=1",
        "A0.ATTACH_LONG_FILENAME=smime.p7m", "A0.ATTACH_SIZE=4",
        "A0.ATTACH_MIME_TAG=application/pkcs7-mime" } },

    { "another signature is a file beside the text",
      "Content-Type: multipart/signed; boundary=s;\r\n"
      " protocol=\"application/pgp-signature\"\r\n\r\n"
      "--s\r\n\r\nsigned text\r\n--s\r\n"
      "Content-Type: application/pgp-signature\r\n\r\nSIG\r\n--s--\r\n",
      { "MESSAGE_CLASS=IPM.Note", "BODY=signed text", "attachments=1",
        "A0.ATTACH_MIME_TAG=application/pgp-signature" } },

    { "not delivered",
      "Content-Type: multipart/report; report-type=delivery-status;"
      " boundary=r\r\n\r\n--r\r\n\r\nsorry\r\n--r\r\n"
      "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n"
      "\r\nFinal-Recipient: rfc822; y@z\r\nAction: failed\r\n--r--\r\n",
      { "MESSAGE_CLASS=REPORT.IPM.Note.NDR", "BODY=sorry", "attachments=1",
        "A0.ATTACH_MIME_TAG=message/delivery-status" } },

    { "delivered",
      "Content-Type: multipart/report; report-type=delivery-status;"
      " boundary=r\r\n\r\n--r\r\n\r\ndone\r\n--r\r\n"
      "Content-Type: message/delivery-status\r\n\r\nAction: delivered\r\n"
      "--r--\r\n", { "MESSAGE_CLASS=REPORT.IPM.Note.DR" } },

    { "read",
      "Content-Type: multipart/report; boundary=r;"
      " report-type=disposition-notification\r\n\r\n--r\r\n\r\nok\r\n--r\r\n"
      "Content-Type: message/disposition-notification\r\n\r\n"
      "Disposition: manual-action/MDN-sent-manually; displayed\r\n--r--\r\n",
      { "MESSAGE_CLASS=REPORT.IPM.Note.IPNRN" } },

    { "deleted unread",
      "Content-Type: multipart/report; boundary=r;"
      " report-type=disposition-notification\r\n\r\n--r\r\n\r\nok\r\n--r\r\n"
      "Content-Type: message/disposition-notification\r\n\r\n"
      "Disposition: automatic-action/MDN-sent-automatically; deleted\r\n"
      "--r--\r\n", { "MESSAGE_CLASS=REPORT.IPM.Note.IPNNRN" } },

    { "no path, no NUL, no control in a name",
      "Content-Disposition: attachment; filename*=utf-8''..%2Fa%00%0Ab%09c\r\n"
      "\r\nx", { "A0.ATTACH_LONG_FILENAME=abc" } },
};


static bool
has_line(ptn_str_t all, const char *line)
{
    size_t   n;
    bool     whole;
    u_char  *p, *end;

    whole = *line != '!';
    line += !whole;
    n = strlen(line);
    p = all.data;
    end = p + all.len;

    while (p < end && (p = memmem(p, (size_t) (end - p), line, n)) != NULL) {
        if ((p == all.data || p[-1] == '\n')
            && (whole ? p[n] == '\n' : p[n] == '='))
        {
            return true;
        }

        p++;
    }

    return false;
}


static void
test_import(void)
{
    size_t         i, k;
    ptn_buf_t      out;
    ptn_str_t      raw;
    ptn_mime_t    *mime;
    ptn_pool_t    *pool;
    ptn_object_t  *o;

    for (i = 0; i < ptn_nelts(rows); i++) {
        pool = ptn_pool_create(0, NULL);
        raw = ptn_str_z(rows[i].mail);
        ptn_buf_init(&out, pool);

        if (ptn_mime_parse(pool, raw, &mime) != PTN_OK
            || ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &o) != PTN_OK)
        {
            ok(false, "%s", rows[i].what);
            ptn_pool_destroy(pool);
            continue;
        }

        dump(&out, "", o);

        for (k = 0; k < LINES && rows[i].lines[k] != NULL; k++) {
            if (has_line(ptn_buf_get(&out), rows[i].lines[k])
                == (rows[i].lines[k][0] == '!'))
            {
                ok(false, "%s: %s", rows[i].what, rows[i].lines[k]);
                printf("# %.*s\n", (int) out.len, (char *) out.data);
                break;
            }
        }

        if (k == LINES || rows[i].lines[k] == NULL) {
            ok(true, "%s", rows[i].what);
        }

        ptn_pool_destroy(pool);
    }
}


/* A structure that was kept, and a header: no body is read. */

static void
test_header_only(void)
{
    ptn_str_t      raw, v;
    ptn_mime_t    *mime;
    ptn_pool_t    *pool;
    ptn_object_t  *o;

    pool = ptn_pool_create(0, NULL);
    raw = ptn_str("Subject: x\r\nTo: a@b\r\n"
                  "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
                  "--m\r\n\r\none\r\n"
                  "--m\r\nContent-Type: a/b\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n"
                  "--m--\r\n");
    ptn_mime_parse(pool, raw, &mime);
    mime->raw.len = mime->root->header_len;

    is_rc(ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_PROPS|PTN_OXCMAIL_RECIPS
                             |PTN_OXCMAIL_ATTACHS, &o), PTN_OK,
          "a header alone");
    is_str(ptn_props_get(&o->props, PTN_PR_SUBJECT), "x", "its subject");
    is_u64(o->nrecips, 1, "its recipient");
    is_u64(o->nattachs, 1, "its attachment");
    is_u64(o->attachs[0].size, 3, "the size");
    ok(!o->attachs[0].has_data, "without data");
    ok(ptn_props_get(&o->props, PTN_PR_BODY).data == NULL, "without a body");
    is_rc(ptn_oxcmail_attach_data(pool, mime, 2, &v), PTN_EINVAL,
          "there are no data");
    mime->raw.len = raw.len;
    is_rc(ptn_oxcmail_attach_data(pool, mime, 2, &v), PTN_OK, "now there are");
    is_str(v, "ABC", "these");
    is_rc(ptn_oxcmail_attach_data(pool, mime, 99, &v), PTN_ENOTFOUND,
          "no such part");

    ptn_pool_destroy(pool);
}


/* --- properties to mail --------------------------------------------------- */

static bool
has(ptn_str_t raw, const char *text)
{
    return memmem(raw.data, raw.len, text, strlen(text)) != NULL;
}


static void
test_export(void)
{
    ptn_str_t             raw, eid;
    ptn_pool_t           *pool;
    ptn_object_t          o, inner;
    ptn_recip_t           recips[8];
    ptn_attach_t          attachs[8], *a;
    ptn_oxcmail_export_t  sent;

    pool = ptn_pool_create(0, NULL);
    memset(&o, 0, sizeof(o));
    o.recips = recips;
    o.attachs = attachs;
    sent = opts;
    sent.bcc = false;

    ptn_props_set(&o.props, pool, PTN_PR_SUBJECT,
                  ptn_str("Gr\xc3\xbc\xc3\x9f" "e"));
    ptn_props_set(&o.props, pool, PTN_PR_BODY, ptn_str("Hello\r\n"));
    ptn_props_set(&o.props, pool, PTN_PR_TRANSPORT_MESSAGE_HEADERS,
                  ptn_str("Received: by x\r\nSubject: old\r\n"
                          "Bcc: old@example.test\r\nX-Y: z\r\n"));
    ptn_eid_one_off(pool, ptn_str("Alice"), ptn_str("SMTP"),
                    ptn_str("alice@example.test"), &eid);
    ptn_props_set(&o.props, pool, PTN_PR_SENT_REPRESENTING_ENTRYID, eid);
    recip(pool, &o, PTN_RECIP_TO, "Bob, B. \"x\"", "bob@example.test");
    recip(pool, &o, PTN_RECIP_CC, "", "a b@example.test");
    recip(pool, &o, PTN_RECIP_BCC, "S", "secret@example.test");

    is_rc(ptn_oxcmail_export(pool, &o, &sent, &raw), PTN_OK, "sent");
    is_str(raw,
           "From: Alice <alice@example.test>\r\n"
           "To: \"Bob, B. \\\"x\\\"\" <bob@example.test>\r\n"
           "Cc: \"a b\"@example.test\r\n"
           "Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"
           "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
           "Message-ID: <0123456789abcdef@host.test>\r\n"
           "MIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=\"us-ascii\"\r\n"
           "Content-Transfer-Encoding: 7bit\r\n\r\nHello\r\n", "as it is");

    is_rc(ptn_oxcmail_export(pool, &o, &opts, &raw), PTN_OK, "stored");
    ok(has(raw, "Bcc: S <secret@example.test>\r\n"), "with Bcc");
    ok(has(raw, "Received: by x\r\n") && has(raw, "X-Y: z\r\n"),
       "and where it came from");
    ok(!has(raw, "Subject: old") && !has(raw, "old@example.test"),
       "but nothing twice");

    /* bodies */

    ptn_props_set(&o.props, pool, PTN_PR_HTML, ptn_str("<b>Hello \x80</b>"));
    ptn_props_set_int(&o.props, pool, PTN_PR_INTERNET_CPID, 1252);
    ptn_oxcmail_export(pool, &o, &sent, &raw);
    ok(has(raw, "Content-Type: multipart/alternative;\r\n"
                " boundary=\"=_0123456789abcdef_0\"\r\n")
       || has(raw, "Content-Type: multipart/alternative;"
                   " boundary=\"=_0123456789abcdef_0\"\r\n"), "both bodies");
    ok(has(raw, "text/html; charset=\"windows-1252\"\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                "<b>Hello =80</b>=\r\n--=_0123456789abcdef_0--\r\n"),
       "HTML in its code page");

    ptn_props_set_int(&o.props, pool, PTN_PR_NATIVE_BODY, PTN_BODY_TEXT);
    ptn_oxcmail_export(pool, &o, &sent, &raw);
    ok(!has(raw, "text/html"), "HTML that was made of the text stays here");

    is_rc(ptn_body_changed(&o.props, pool, PTN_PR_HTML), PTN_OK, "HTML set");
    ok(ptn_props_get(&o.props, PTN_PR_BODY).data == NULL,
       "takes the text away");
    ptn_oxcmail_export(pool, &o, &sent, &raw);
    ok(has(raw, "Content-Type: text/html") && !has(raw, "text/plain"),
       "and goes out alone");

    /* attachments */

    a = attach(pool, &o, "p.png", "image/png", ptn_str("PNG"));
    ptn_props_set(&a->props, pool, PTN_PR_ATTACH_CONTENT_ID, ptn_str("p@x"));
    attach(pool, &o, "\xe2\x82\xac.txt", "text/plain", ptn_str("euro"));
    ptn_props_set(&o.props, pool, PTN_PR_HTML,
                  ptn_str("<img src=\"CID:P@x\">"));
    ptn_oxcmail_export(pool, &o, &sent, &raw);
    ok(has(raw, "Content-Type: multipart/mixed;")
       && has(raw, "Content-Type: multipart/related; type=\"text/html\";"),
       "a picture is related, a file mixed");
    ok(has(raw, "Content-Disposition: inline; filename=\"p.png\"\r\n"
                "Content-ID: <p@x>\r\n"), "the picture");
    ok(has(raw, "attachment; filename*=utf-8''%E2%82%AC.txt\r\n"),
       "a name that is not ASCII");

    attach(pool, &o, "i.ics", "text/calendar",
           ptn_str("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n"));
    ptn_oxcmail_export(pool, &o, &sent, &raw);
    ok(has(raw, "text/calendar; method=\"REQUEST\"\r\n"),
       "what a calendar is for");
    o.nattachs--;

    ptn_props_set_int(&a->props, pool, PTN_PR_ATTACH_FLAGS, 0);
    ptn_oxcmail_export(pool, &o, &sent, &raw);
    ok(!has(raw, "multipart/related"), "unless it says that it is none");

    memset(&inner, 0, sizeof(inner));
    ptn_props_set(&inner.props, pool, PTN_PR_SUBJECT, ptn_str("inner"));
    ptn_props_set(&inner.props, pool, PTN_PR_BODY, ptn_str("in"));
    a = attach(pool, &o, "", "", ptn_str(""));
    a->embedded = &inner;
    ptn_oxcmail_export(pool, &o, &sent, &raw);
    ok(has(raw, "Content-Type: message/rfc822\r\n")
       && has(raw, "Subject: inner"), "a message within");

    a->has_data = false;
    is_rc(ptn_oxcmail_export(pool, &o, &sent, &raw), PTN_EINVAL,
          "an attachment that was not loaded");

    ptn_pool_destroy(pool);
}


/* No property of a client can make a header of its own. */

static void
test_injection(void)
{
    size_t         i;
    uint32_t       k;
    ptn_str_t      raw, evil;
    ptn_mime_t    *mime;
    ptn_pool_t    *pool;
    ptn_object_t   o;
    ptn_recip_t    recips[2];
    ptn_attach_t   attachs[2], *a;
    static const uint32_t  tags[] = {
        PTN_PR_SUBJECT, PTN_PR_SENDER_NAME, PTN_PR_SENDER_EMAIL,
        PTN_PR_SENT_REPRESENTING_EMAIL, PTN_PR_INTERNET_MESSAGE_ID,
        PTN_PR_INTERNET_REFERENCES, PTN_PR_IN_REPLY_TO_ID,
        PTN_PR_CONVERSATION_TOPIC, PTN_PR_LIST_HELP,
        PTN_PR_INTERNET_RETURN_PATH
    };

    pool = ptn_pool_create(0, NULL);
    evil = ptn_str("x\r\nBcc: evil@example.test\r\n\r\n<script>");

    for (i = 0; i < ptn_nelts(tags); i++) {
        memset(&o, 0, sizeof(o));
        ptn_props_set(&o.props, pool, tags[i], evil);
        ptn_oxcmail_export(pool, &o, &opts, &raw);
        ptn_mime_parse(pool, raw, &mime);
        ok(ptn_mime_field(mime->root, "bcc") == NULL
           && mime->root->body_len == 0, "%s", ptn_prop_name(tags[i]));

        /* nor may who decodes it see two lines */

        for (k = 0; k < mime->root->nfields; k++) {
            raw = ptn_mime_text(pool, mime->root->fields[k].value);

            if (raw.len != 0 && memchr(raw.data, '\n', raw.len) != NULL) {
                ok(false, "a line break in %.*s",
                   (int) mime->root->fields[k].name.len,
                   (char *) mime->root->fields[k].name.data);
            }
        }
    }

    memset(&o, 0, sizeof(o));
    o.recips = recips;
    o.attachs = attachs;
    recip(pool, &o, PTN_RECIP_TO, (char *) evil.data, (char *) evil.data);
    a = attach(pool, &o, (char *) evil.data, (char *) evil.data,
               ptn_str("x"));
    ptn_props_set(&a->props, pool, PTN_PR_ATTACH_CONTENT_ID, evil);
    ptn_props_set(&a->props, pool, PTN_PR_ATTACH_CONTENT_LOCATION, evil);
    ptn_props_set(&a->props, pool, PTN_PR_ATTACH_CONTENT_BASE, evil);
    ptn_oxcmail_export(pool, &o, &opts, &raw);
    ptn_mime_parse(pool, raw, &mime);
    ok(ptn_mime_field(mime->root, "bcc") == NULL, "a recipient");
    is_u64(mime->nparts, 2, "an attachment");
    ok(ptn_mime_field(mime->root->child, "bcc") == NULL, "its fields");

    ptn_pool_destroy(pool);
}


/* Any allocation may fail: never more than ENOMEM. */

typedef struct {
    size_t  left;
} failing_t;

static void *
failing_alloc(void *ctx, size_t size)
{
    failing_t  *f;

    f = ctx;

    return f->left-- == 0 ? (f->left = 0, NULL) : malloc(size);
}


static void
failing_free(void *ctx PTN_UNUSED, void *p)
{
    free(p);
}


static void
test_memory(void)
{
    size_t         n;
    ptn_rc_t       rc;
    failing_t      fail;
    ptn_mem_t      mem = { failing_alloc, failing_free, &fail };
    ptn_buf_t      b;
    ptn_str_t      raw, out;
    ptn_mime_t    *mime;
    ptn_pool_t    *keep, *pool;
    ptn_object_t  *o;

    keep = ptn_pool_create(0, NULL);
    ptn_buf_init(&b, keep);
    ptn_buf_z(&b, "To: \xe4@b, =?utf-8?q?x?= <c@d>\r\nContent-Type:"
              " multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\n");

    for (n = 0; n < 2000; n++) {
        ptn_buf_z(&b, "some text \xe4 http://example.test/\n");
    }

    ptn_buf_z(&b, "--m\r\nContent-Type: text/html\r\n\r\n<b>x\r\n--m\r\n"
              "Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nz\r\n"
              "--m--\r\n");
    raw = ptn_buf_get(&b);
    ptn_mime_parse(keep, raw, &mime);

    for (n = 0; ; n++) {
        fail.left = n;
        pool = ptn_pool_create(0, &mem);

        if (pool == NULL) {
            continue;
        }

        rc = ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &o);

        if (rc == PTN_OK) {
            rc = ptn_oxcmail_export(pool, o, &opts, &out);
        }

        ptn_pool_destroy(pool);

        if (rc != PTN_ENOMEM) {
            break;
        }
    }

    is_rc(rc, PTN_OK, "at last");
    ok(n > 3, "after some that failed (%zu)", n);
    ptn_pool_destroy(keep);
}


static void
test_content_tags(void)
{
    ok(ptn_oxcmail_is_content(PTN_PR_SUBJECT)
       && ptn_oxcmail_is_content(PTN_PR_BODY)
       && ptn_oxcmail_is_content(PTN_PR_HTML)
       && ptn_oxcmail_is_content(0x0037001e)
       && ptn_oxcmail_is_content(PTN_PR_IMPORTANCE), "content");
    ok(!ptn_oxcmail_is_content(PTN_PR_READ)
       && !ptn_oxcmail_is_content(PTN_PR_FLAG_STATUS)
       && !ptn_oxcmail_is_content(PTN_PR_MESSAGE_FLAGS)
       && !ptn_oxcmail_is_content(0x9000001f), "not content");
}


int
main(void)
{
    test_import();
    test_header_only();
    test_export();
    test_injection();
    test_memory();
    test_content_tags();

    return done_testing();
}
