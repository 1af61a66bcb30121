/*
 * Dialogues over a real store, without nginx.  A step is who speaks (A and B
 * are alice, in two sessions), what is sent and what must come back.
 *
 * In both, LF stands for CRLF.  In what is sent, <<text>> is a literal that
 * does not wait and $F a folder of the talk's own.  In what must come back,
 * "~" is any text.
 */

#include "ptn_imap.h"
#include "stream_driver.h"


typedef struct {
    char         who;           /* A, B; W: A is woken */
    const char  *send;
    const char  *want;
} step_t;

typedef struct {
    const char    *name;
    const step_t  *steps;
    unsigned       messages;    /* in $F, selected by A (and B) */
    bool           two;
    bool           fresh;       /* nobody signed in */
} talk_t;


#define MSG(n)                                                                \
    "From: \"A. Sender\" <a@x.test>\nTo: b@y.test\nSubject: number " #n "\n"  \
    "Date: Mon, 1 Jan 2024 10:00:00 +0200\nMessage-ID: <" #n "@x.test>\n"     \
    "\nBody " #n "\n"

static const char *const  messages[] = { MSG(1), MSG(2), MSG(3), MSG(4) };


/* --- sign-in ------------------------------------------------------------ */

static const step_t  sign_in[] = {
    { 'A', "", "* OK [CAPABILITY IMAP4rev1 ~ STARTTLS AUTH=PLAIN] ~\n" },
    { 'A', "1 CAPABILITY\n", "* CAPABILITY IMAP4rev1 ~\n1 OK ~\n" },
    { 'A', "2 SELECT INBOX\n", "2 BAD Not in this state\n" },
    { 'A', "3 LOGIN alice@example.test wrong\n",
      "3 NO [AUTHENTICATIONFAILED] ~\n" },
    { 'A', "4 LOGIN alice@example.test\n", "4 BAD ~\n" },
    { 'A', "5 AUTHENTICATE FOO\n", "5 NO [CANNOT] ~\n" },
    { 'A', "6 AUTHENTICATE PLAIN\n", "+ \n" },
    { 'A', "*\n", "6 BAD ~\n" },
    { 'A', "7 AUTHENTICATE PLAIN !!!!\n", "7 BAD ~\n" },
    { 'A', "8 LOGIN <<alice@example.test>> <<secret>>\n",
      "8 OK [CAPABILITY IMAP4rev1 ~] Signed in\n" },
    { 'A', "9 LOGIN alice@example.test secret\n",
      "9 BAD Not in this state\n" },
    { 'A', "10 NAMESPACE\n", "* NAMESPACE ((\"\" \"/\")) NIL NIL\n10 OK ~\n" },
    { 'A', "11 ID (\"name\" \"x\" \"version\" NIL)\n",
      "* ID (\"name\" \"postern\")\n11 OK ~\n" },
    { 'A', "12 ID NIL\n", "* ID (\"name\" \"postern\")\n12 OK ~\n" },
    { 'A', "13 ID (\"name\")\n", "13 BAD ~\n" },
    { 'A', "14 ENABLE CONDSTORE\n", "* ENABLED\n14 OK ~\n" },
    { 'A', "15 FOO\n", "15 BAD Unknown command\n" },
    { 'A', "+ FOO\n", "* BAD ~\n" },
    { 'A', "16 LOGOUT\n", "* BYE ~\n16 OK ~\n" },
    { 0 }
};

/* base64 of NUL alice@example.test NUL secret */
#define PLAIN  "AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ="

static const step_t  sasl[] = {
    { 'A', "", "* OK ~\n" },
    { 'A', "1 AUTHENTICATE PLAIN\n", "+ \n" },
    { 'A', PLAIN "\n", "1 OK [CAPABILITY ~] Signed in\n" },
    { 0 }
};

static const step_t  sasl_ir[] = {
    { 'A', "", "* OK ~\n" },
    { 'A', "1 AUTHENTICATE PLAIN " PLAIN "\n2 NOOP\n",
      "1 OK [CAPABILITY ~] Signed in\n2 OK ~\n" },
    { 0 }
};

static const step_t  starttls[] = {
    { 'A', "", "* OK ~\n" },
    { 'A', "1 STARTTLS\n2 NOOP\n", "1 OK ~\n" },
    { 0 }
};

static const step_t  too_many_errors[] = {
    { 'A', "", "* OK ~\n" },
    { 'A', "1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n"
           "1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n1 A\n",
      "1 BAD ~\n* BYE Too many errors\n" },
    { 0 }
};


/* --- mailboxes ------------------------------------------------------------ */

static const step_t  listing[] = {
    { 'A', "1 LIST \"\" \"\"\n", "* LIST (\\Noselect) \"/\" \"\"\n1 OK ~\n" },
    { 'A', "1a LIST INBOX \"\"\n",
      "* LIST (\\Noselect) \"/\" \"\"\n1a OK ~\n" },
    { 'A', "2 LIST \"\" inbox\n",
      "* LIST (\\HasNoChildren) \"/\" INBOX\n2 OK ~\n" },
    { 'A', "3 LIST \"\" Drafts\n",
      "* LIST (\\HasNoChildren \\Drafts) \"/\" Drafts\n3 OK ~\n" },
    { 'A', "4 LIST \"\" (INBOX \"Sent Items\")\n",
      "* LIST (~) \"/\" INBOX\n* LIST (~ \\Sent) \"/\" \"Sent Items\"\n"
      "4 OK ~\n" },
    { 'A', "5 LIST \"\" Calendar\n", "5 OK ~\n" },
    { 'A', "6 SELECT Calendar\n", "6 NO [NONEXISTENT] ~\n" },
    { 'A', "7 LIST (SPECIAL-USE) \"\" %\n",
      "~\\Sent~\\Trash~\\Drafts~\\Junk~\\Archive~7 OK ~\n" },
    { 'A', "8 CREATE $F\n", "8 OK ~\n" },
    { 'A', "9 CREATE $F\n", "9 NO [ALREADYEXISTS] ~\n" },
    { 'A', "10 CREATE $F/a/b/\n", "10 OK ~\n" },
    { 'A', "11 LIST \"\" $F*\n",
      "* LIST (\\HasChildren) \"/\" $F\n"
      "* LIST (\\HasChildren) \"/\" $F/a\n"
      "* LIST (\\HasNoChildren) \"/\" $F/a/b\n11 OK ~\n" },
    { 'A', "12 LIST $F/ %\n",
      "* LIST (\\HasChildren) \"/\" $F/a\n12 OK ~\n" },
    { 'A', "13 SUBSCRIBE $F/a/b\n", "13 OK ~\n" },
    { 'A', "14 LSUB $F/ *\n", "* LSUB (~) \"/\" $F/a/b\n14 OK ~\n" },
    { 'A', "15 LSUB $F/ %\n",
      "* LSUB (\\Noselect \\HasChildren) \"/\" $F/a\n15 OK ~\n" },
    { 'A', "16 LIST (SUBSCRIBED) \"\" $F*\n",
      "* LIST (\\Subscribed \\HasNoChildren) \"/\" $F/a/b\n16 OK ~\n" },
    { 'A', "17 LIST (SUBSCRIBED RECURSIVEMATCH) \"\" $F\n",
      "* LIST (\\HasChildren) \"/\" $F (\"CHILDINFO\" (\"SUBSCRIBED\"))\n"
      "17 OK ~\n" },
    { 'A', "18 LIST \"\" $F/a/b RETURN (SUBSCRIBED CHILDREN STATUS"
           " (MESSAGES UNSEEN))\n",
      "* LIST (\\Subscribed \\HasNoChildren) \"/\" $F/a/b\n"
      "* STATUS $F/a/b (MESSAGES 0 UNSEEN 0)\n18 OK ~\n" },
    { 'A', "19 LIST (RECURSIVEMATCH) \"\" *\n", "19 BAD ~\n" },
    { 'A', "20 LIST (FOO) \"\" *\n", "20 BAD ~\n" },
    { 'A', "21 UNSUBSCRIBE $F/a/b\n", "21 OK ~\n" },
    { 'A', "22 LSUB \"\" $F*\n", "22 OK ~\n" },
    { 'A', "23 SUBSCRIBE $F/nope\n", "23 NO [NONEXISTENT] ~\n" },
    { 0 }
};

static const step_t  folders[] = {
    { 'A', "1 CREATE $F\n", "1 OK ~\n" },
    { 'A', "2 CREATE $F/x\n", "2 OK ~\n" },
    { 'A', "3 DELETE $F\n", "3 NO [HASCHILDREN] ~\n" },
    { 'A', "4 RENAME $F/x $F/y/z\n", "4 OK ~\n" },
    { 'A', "5 LIST $F/ *\n",
      "* LIST (~) \"/\" $F/y\n* LIST (~) \"/\" $F/y/z\n5 OK ~\n" },
    { 'A', "6 RENAME $F $F/y/q\n", "6 NO ~\n" },
    { 'A', "7 RENAME $F/nope x\n", "7 NO [NONEXISTENT] ~\n" },
    { 'A', "8 RENAME $F/y INBOX\n", "8 NO [ALREADYEXISTS] ~\n" },
    { 'A', "9 DELETE $F/y/z\n", "9 OK ~\n" },
    { 'A', "10 DELETE $F/y\n", "10 OK ~\n" },
    { 'A', "11 DELETE $F/y\n", "11 NO [NONEXISTENT] ~\n" },
    { 'A', "12 DELETE INBOX\n", "12 NO [CANNOT] ~\n" },
    { 'A', "13 DELETE Drafts\n", "13 NO [CANNOT] ~\n" },
    { 'A', "14 RENAME Drafts foo\n", "14 NO [CANNOT] ~\n" },
    { 'A', "15 CREATE $F//x\n", "15 NO [CANNOT] ~\n" },
    { 'A', "16 CREATE $F_x_x005F_y\n", "16 NO [CANNOT] ~\n" },
    { 'A', "17 CREATE $F/Gel&APY-scht_x002F_\n", "17 OK ~\n" },
    { 'A', "18 LIST $F/ *\n",
      "* LIST (~) \"/\" $F/Gel&APY-scht_x002F_\n18 OK ~\n" },
    { 'A', "19 CREATE InBoX/$F\n", "19 OK ~\n" },
    { 'A', "20 LIST \"\" INBOX*\n",
      "* LIST (\\HasChildren) \"/\" INBOX\n"
      "* LIST (\\HasNoChildren) \"/\" INBOX/$F\n20 OK ~\n" },
    { 'A', "21 STATUS INBOX/$F (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)\n",
      "* STATUS INBOX/$F (MESSAGES 0 RECENT 0 UIDNEXT 1 UIDVALIDITY ~"
      " UNSEEN 0)\n21 OK ~\n" },
    { 'A', "22 STATUS nope (MESSAGES)\n", "22 NO [NONEXISTENT] ~\n" },
    { 'A', "23 STATUS INBOX (FOO)\n", "23 BAD ~\n" },
    { 'A', "24 DELETE INBOX/$F\n", "24 OK ~\n" },
    { 0 }
};

static const step_t  rename_inbox[] = {
    { 'A', "1 APPEND INBOX <<x: 1\n\nb\n>>\n", "1 OK [APPENDUID ~] ~\n" },
    { 'A', "2 RENAME INBOX $F\n", "2 OK ~\n" },
    { 'A', "3 STATUS INBOX (MESSAGES)\n",
      "* STATUS INBOX (MESSAGES 0)\n3 OK ~\n" },
    { 'A', "4 STATUS $F (MESSAGES)\n", "* STATUS $F (MESSAGES 1)\n4 OK ~\n" },
    { 0 }
};

static const step_t  selecting[] = {
    { 'A', "1 SELECT $F\n",
      "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft~)\n"
      "* OK [PERMANENTFLAGS (\\Answered ~\\*)] ~\n"
      "* 3 EXISTS\n* 0 RECENT\n* OK [UNSEEN 1] ~\n* OK [UIDVALIDITY ~] ~\n"
      "* OK [UIDNEXT 4] ~\n1 OK [READ-WRITE] ~\n" },
    { 'A', "2 EXAMINE $F\n",
      "~* OK [PERMANENTFLAGS ()] ~2 OK [READ-ONLY] ~\n" },
    { 'A', "3 STORE 1 +FLAGS (\\Seen)\n", "3 NO [READ-ONLY] ~\n" },
    { 'A', "4 EXPUNGE\n", "4 NO [READ-ONLY] ~\n" },
    { 'A', "5 FETCH 1 BODY[TEXT]\n",
      "* 1 FETCH (BODY[TEXT] {8}\nBody 1\n)\n5 OK ~\n" },
    { 'A', "6 FETCH 1 FLAGS\n", "* 1 FETCH (FLAGS ())\n6 OK ~\n" },
    { 'A', "7 SELECT nope\n", "7 NO [NONEXISTENT] ~\n" },
    { 'A', "8 CHECK\n", "8 BAD Not in this state\n" },
    { 'A', "9 SELECT $F\n", "~9 OK [READ-WRITE] ~\n" },
    { 'A', "10 CHECK\n", "10 OK ~\n" },
    { 'A', "11 UNSELECT\n", "11 OK ~\n" },
    { 'A', "12 UNSELECT\n", "12 BAD ~\n" },
    { 'A', "13 SELECT $F\n14 STORE 2 +FLAGS.SILENT (\\Deleted)\n15 CLOSE\n",
      "~14 OK ~\n15 OK ~\n" },
    { 'A', "16 STATUS $F (MESSAGES)\n",
      "* STATUS $F (MESSAGES 2)\n16 OK ~\n" },
    { 0 }
};


/* --- messages ------------------------------------------------------------- */

static const step_t  appending[] = {
    { 'A', "1 APPEND nope <<x>>\n", "1 NO [TRYCREATE] ~\n" },
    { 'A', "2 APPEND $F (\\Seen $Work$F) \" 1-Feb-2020 01:02:03 +0100\""
           " <<Subject: x\n\nhi\n>>\n",
      "* FLAGS (~$Work$F~)\n* OK [PERMANENTFLAGS (~$Work$F~)] ~\n"
      "* 1 EXISTS\n* 0 RECENT\n2 OK [APPENDUID ~ 1] APPEND completed\n" },
    { 'A', "3 FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])\n",
      "* 1 FETCH (FLAGS (\\Seen $Work$F) INTERNALDATE"
      " \" 1-Feb-2020 00:02:03 +0000\" RFC822.SIZE 18 BODY[] {18}\n"
      "Subject: x\n\nhi\n)\n3 OK ~\n" },
    { 'A', "4 APPEND $F <<>>\n", "4 NO [CANNOT] ~\n" },
    { 'A', "5 APPEND $F (\\Seen\n", "5 BAD ~\n" },
    { 'A', "6 APPEND $F\n", "6 BAD ~\n" },
    { 'A', "7 APPEND $F {200000000}\n", "7 NO [TOOBIG] ~\n" },
    { 'A', "8 APPEND $F {3}\n", "+ OK\n" },
    { 'A', "abc\n", "* 2 EXISTS\n* 0 RECENT\n8 OK [APPENDUID ~ 2] ~\n" },
    { 0 }
};

static const step_t  flags[] = {
    { 'A', "1 STORE 1 FLAGS (\\Seen \\Flagged)\n",
      "* 1 FETCH (FLAGS (\\Flagged \\Seen))\n1 OK ~\n" },
    { 'A', "2 UID STORE 1:2 +FLAGS (\\Answered)\n",
      "* 1 FETCH (UID 1 FLAGS (\\Answered \\Flagged \\Seen))\n"
      "* 2 FETCH (UID 2 FLAGS (\\Answered))\n2 OK ~\n" },
    { 'A', "3 STORE 1:3 -FLAGS.SILENT (\\Answered \\Flagged)\n", "3 OK ~\n" },
    { 'A', "4 FETCH 1:3 FLAGS\n",
      "* 1 FETCH (FLAGS (\\Seen))\n* 2 FETCH (FLAGS ())\n"
      "* 3 FETCH (FLAGS ())\n4 OK ~\n" },
    { 'A', "5 STORE 3 +FLAGS ($Lab$F Other$F)\n",
      "* FLAGS (~$Lab$F~)\n* OK [PERMANENTFLAGS (~$Lab$F~\\*)] ~\n"
      "* 3 FETCH (FLAGS ($Lab$F Other$F))\n5 OK ~\n" },
    { 'A', "6 STORE 3 -FLAGS (OTHER$F Unknown)\n",
      "* 3 FETCH (FLAGS ($Lab$F))\n6 OK ~\n" },
    { 'A', "7 SEARCH KEYWORD $lAB$F\n", "* SEARCH 3\n7 OK ~\n" },
    { 'A', "8 SEARCH UNKEYWORD $Lab$F\n", "* SEARCH 1 2\n8 OK ~\n" },
    { 'A', "9 STORE 4 FLAGS ()\n", "9 BAD ~\n" },
    { 'A', "10 UID STORE 99 FLAGS ()\n", "10 OK ~\n" },
    { 'A', "11 STORE 1 FLAGS (\\Foo)\n", "11 BAD ~\n" },
    { 'A', "12 STORE 1 FLAGZ ()\n", "12 BAD ~\n" },
    { 'A', "13 STORE 1 FLAGS \\Draft\n",
      "* 1 FETCH (FLAGS (\\Draft))\n13 OK ~\n" },
    { 'A', "14 STORE 1 FLAGS ()\n", "* 1 FETCH (FLAGS ())\n14 OK ~\n" },
    { 0 }
};

static const step_t  fetching[] = {
    { 'A', "1 FETCH 1:* (UID FLAGS)\n",
      "* 1 FETCH (UID 1 FLAGS ())\n* 2 FETCH (UID 2 FLAGS ())\n"
      "* 3 FETCH (UID 3 FLAGS ())\n1 OK ~\n" },
    { 'A', "2 UID FETCH 2 RFC822.SIZE\n",
      "* 2 FETCH (UID 2 RFC822.SIZE 135)\n2 OK ~\n" },
    { 'A', "3 FETCH 2 ENVELOPE\n",
      "* 2 FETCH (ENVELOPE (\"Mon, 1 Jan 2024 10:00:00 +0200\" \"number 2\""
      " ((\"A. Sender\" NIL \"a\" \"x.test\"))"
      " ((\"A. Sender\" NIL \"a\" \"x.test\"))"
      " ((\"A. Sender\" NIL \"a\" \"x.test\"))"
      " ((NIL NIL \"b\" \"y.test\")) NIL NIL NIL \"<2@x.test>\"))\n"
      "3 OK ~\n" },
    { 'A', "4 FETCH 2 (BODY BODYSTRUCTURE)\n",
      "* 2 FETCH (BODY (\"text\" \"plain\" ~\"7bit\" 8 1)"
      " BODYSTRUCTURE (\"text\" \"plain\" ~\"7bit\" 8 1 NIL NIL NIL NIL))\n"
      "4 OK ~\n" },
    { 'A', "5 FETCH 2 BODY.PEEK[HEADER.FIELDS (SUBJECT message-id)]\n",
      "* 2 FETCH (BODY[HEADER.FIELDS (SUBJECT message-id)] {45}\n"
      "Subject: number 2\nMessage-ID: <2@x.test>\n\n)\n5 OK ~\n" },
    { 'A', "6 FETCH 2 BODY[1]<2.3>\n",
      "* 2 FETCH (BODY[1]<2> {3}\ndy )\n* 2 FETCH (FLAGS (\\Seen))\n"
      "6 OK ~\n" },
    { 'A', "7 FETCH 2 BODY[TEXT]<100.3>\n",
      "* 2 FETCH (BODY[TEXT]<100> {0}\n)\n7 OK ~\n" },
    { 'A', "8 FETCH 2 (BODY[2] BODY[1.HEADER])\n",
      "* 2 FETCH (BODY[2] NIL BODY[1.HEADER] NIL)\n8 OK ~\n" },
    { 'A', "9 UID FETCH 3 RFC822.TEXT\n",
      "* 3 FETCH (UID 3 RFC822.TEXT {8}\nBody 3\n)\n"
      "* 3 FETCH (UID 3 FLAGS (\\Seen))\n9 OK ~\n" },
    { 'A', "10 FETCH 1 FAST\n",
      "* 1 FETCH (FLAGS () INTERNALDATE \"~ +0000\" RFC822.SIZE 135)\n"
      "10 OK ~\n" },
    { 'A', "11 FETCH 4 FLAGS\n", "11 BAD ~\n" },
    { 'A', "12 FETCH 1 FOO\n", "12 BAD ~\n" },
    { 'A', "13 UID FETCH 10:* FLAGS\n",
      "* 3 FETCH (UID 3 FLAGS (\\Seen))\n13 OK ~\n" },
    { 'A', "14 UID FETCH 10 FLAGS\n", "14 OK ~\n" },
    { 'A', "15 FETCH 1 (BODY.PEEK[1.MIME] RFC822.HEADER)\n",
      "* 1 FETCH (BODY[1.MIME] {127}\nFrom: ~\n\n RFC822.HEADER {127}\n"
      "From: ~\n\n)\n15 OK ~\n" },
    { 0 }
};

static const step_t  nested[] = {
    { 'A', "1 APPEND $F <<Subject: outer\nMIME-Version: 1.0\n"
           "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n"
           "Content-Type: text/plain\n\none\n--b\n"
           "Content-Type: message/rfc822\nX-Part: two\n\n"
           "Subject: inner\nContent-Type: multipart/alternative;"
           " boundary=c\n\n--c\nX-In: 1\n\ninner one\n--c\n"
           "Content-Type: text/html\n\n<p>two</p>\n--c--\n--b--\n>>\n",
      "~1 OK ~\n" },
    { 'A', "2 FETCH 1 BODY.PEEK[1]\n",
      "* 1 FETCH (BODY[1] {3}\none)\n2 OK ~\n" },
    { 'A', "3 FETCH 1 BODY.PEEK[2.MIME]\n",
      "* 1 FETCH (BODY[2.MIME] {45}\nContent-Type: message/rfc822\n"
      "X-Part: two\n\n)\n3 OK ~\n" },
    { 'A', "4 FETCH 1 BODY.PEEK[2.HEADER.FIELDS (subject)]\n",
      "* 1 FETCH (BODY[2.HEADER.FIELDS (subject)] {18}\nSubject: inner\n\n)\n"
      "4 OK ~\n" },
    { 'A', "5 FETCH 1 (BODY.PEEK[2.1] BODY.PEEK[2.1.MIME] BODY.PEEK[2.2])\n",
      "* 1 FETCH (BODY[2.1] {9}\ninner one BODY[2.1.MIME] {11}\nX-In: 1\n\n"
      " BODY[2.2] {10}\n<p>two</p>)\n5 OK ~\n" },
    { 'A', "6 FETCH 1 BODY.PEEK[2.TEXT]<0.3>\n",
      "* 1 FETCH (BODY[2.TEXT]<0> {3}\n--c)\n6 OK ~\n" },
    { 'A', "7 FETCH 1 BODY\n",
      "* 1 FETCH (BODY ((\"text\" \"plain\" ~)(\"message\" \"rfc822\" ~"
      " (NIL \"inner\" ~) ((\"text\" \"plain\" ~)(\"text\" \"html\" ~)"
      " \"alternative\") ~) \"mixed\"))\n7 OK ~\n" },
    { 'A', "8 SEARCH BODY \"INNER one\"\n", "* SEARCH 1\n8 OK ~\n" },
    { 'A', "9 SEARCH TEXT \"subject: inner\"\n", "* SEARCH 1\n9 OK ~\n" },
    { 'A', "10 SEARCH SUBJECT inner\n", "* SEARCH\n10 OK ~\n" },
    { 0 }
};

static const step_t  searching[] = {
    { 'A', "1 SEARCH ALL\n", "* SEARCH 1 2 3\n1 OK ~\n" },
    { 'A', "2 UID SEARCH 2:*\n", "* SEARCH 2 3\n2 OK ~\n" },
    { 'A', "3 SEARCH UID 1,3\n", "* SEARCH 1 3\n3 OK ~\n" },
    { 'A', "4 SEARCH SUBJECT \"NUMBER 2\"\n", "* SEARCH 2\n4 OK ~\n" },
    { 'A', "5 SEARCH NOT SUBJECT \"number 2\"\n",
      "* SEARCH 1 3\n5 OK ~\n" },
    { 'A', "6 SEARCH OR BODY \"body 1\" BODY \"body 3\"\n",
      "* SEARCH 1 3\n6 OK ~\n" },
    { 'A', "7 SEARCH FROM sender TO y.test CC x\n", "* SEARCH\n7 OK ~\n" },
    { 'A', "8 SEARCH FROM sender TO y.test\n",
      "* SEARCH 1 2 3\n8 OK ~\n" },
    { 'A', "9 SEARCH HEADER Message-ID <3@x.test>\n",
      "* SEARCH 3\n9 OK ~\n" },
    { 'A', "10 SEARCH HEADER X-None \"\"\n", "* SEARCH\n10 OK ~\n" },
    { 'A', "11 SEARCH SENTON 1-Jan-2024 SENTBEFORE 2-Jan-2024"
           " SENTSINCE 1-Jan-2024\n",
      "* SEARCH 1 2 3\n11 OK ~\n" },
    { 'A', "12 SEARCH SENTSINCE 2-Jan-2024\n", "* SEARCH\n12 OK ~\n" },
    { 'A', "13 SEARCH LARGER 134 SMALLER 136\n",
      "* SEARCH 1 2 3\n13 OK ~\n" },
    { 'A', "14 SEARCH LARGER 135\n", "* SEARCH\n14 OK ~\n" },
    { 'A', "15 SEARCH SINCE 1-Jan-2020 NOT BEFORE 1-Jan-2020\n",
      "* SEARCH 1 2 3\n15 OK ~\n" },
    { 'A', "16 STORE 2 FLAGS.SILENT (\\Seen)\n17 SEARCH (SEEN)\n"
           "18 SEARCH UNSEEN\n",
      "16 OK ~\n* SEARCH 2\n17 OK ~\n* SEARCH 1 3\n18 OK ~\n" },
    { 'A', "19 SEARCH NEW\n20 SEARCH RECENT\n21 SEARCH OLD 1\n",
      "* SEARCH\n19 OK ~\n* SEARCH\n20 OK ~\n* SEARCH 1\n21 OK ~\n" },
    { 'A', "22 SEARCH CHARSET X-FOO ALL\n", "22 NO [BADCHARSET ~\n" },
    { 'A', "23 SEARCH FOO\n", "23 BAD ~\n" },
    { 'A', "24 SEARCH 9\n", "24 BAD ~\n" },
    { 'A', "25 APPEND $F <<Subject: =?utf-8?B?R3LDvMOfZQ==?=\n"
           "Content-Type: text/plain; charset=iso-8859-1\n"
           "Content-Transfer-Encoding: quoted-printable\n\n"
           "sch=F6ne Gr=FC=\n=DFe\n>>\n", "~25 OK ~\n" },
    { 'A', "26 SEARCH CHARSET UTF-8 SUBJECT <<gr\xc3\xbcsse>>\n",
      "* SEARCH 4\n26 OK ~\n" },
    { 'A', "27 SEARCH CHARSET UTF-8 BODY <<SCH\xc3\x96NE"
           " gr\xc3\xbc\xc3\x9f>>\n",
      "* SEARCH 4\n27 OK ~\n" },
    { 'A', "28 SEARCH CHARSET ISO-8859-1 BODY <<sch\xf6ne>>\n",
      "* SEARCH 4\n28 OK ~\n" },
    { 0 }
};

static const step_t  copying[] = {
    { 'A', "1 CREATE $F/to\n", "1 OK ~\n" },
    { 'A', "2 STORE 2 +FLAGS.SILENT (\\Flagged $Kept)\n", "~2 OK ~\n" },
    { 'A', "3 COPY 1:2 $F/to\n", "3 OK [COPYUID ~ 1:2 1:2] COPY ~\n" },
    { 'A', "4 UID COPY 3,1 $F/to\n",
      "4 OK [COPYUID ~ 1,3 3:4] UID COPY ~\n" },
    { 'A', "5 COPY 1 nope\n", "5 NO [TRYCREATE] ~\n" },
    { 'A', "6 UID COPY 99 $F/to\n", "6 OK ~\n" },
    { 'A', "7 MOVE 2 $F/to\n",
      "* OK [COPYUID ~ 2 5] ~\n* 2 EXPUNGE\n7 OK ~\n" },
    { 'A', "8 UID MOVE 3 $F/to\n",
      "* OK [COPYUID ~ 3 6] ~\n* 2 EXPUNGE\n8 OK ~\n" },
    { 'A', "9 MOVE 1 $F\n", "9 NO [CANNOT] ~\n" },
    { 'A', "10 SELECT $F/to\n", "~* 6 EXISTS~10 OK ~\n" },
    { 'A', "11 FETCH 2,5 (UID FLAGS BODY.PEEK[TEXT])\n",
      "* 2 FETCH (UID 2 FLAGS (\\Flagged $Kept) BODY[TEXT] {8}\nBody 2\n)\n"
      "* 5 FETCH (UID 5 FLAGS (\\Flagged $Kept) BODY[TEXT] {8}\nBody 2\n)\n"
      "11 OK ~\n" },
    { 'A', "12 COPY 1 $F/to\n",
      "* 7 EXISTS\n* 0 RECENT\n12 OK [COPYUID ~ 1 7] ~\n" },
    { 0 }
};

static const step_t  expunging[] = {
    { 'A', "1 STORE 1,3,4 +FLAGS.SILENT (\\Deleted)\n", "1 OK ~\n" },
    { 'A', "2 UID EXPUNGE 3\n", "* 3 EXPUNGE\n2 OK ~\n" },
    { 'A', "3 EXPUNGE\n", "* 1 EXPUNGE\n* 2 EXPUNGE\n3 OK ~\n" },
    { 'A', "4 FETCH 1:* UID\n", "* 1 FETCH (UID 2)\n4 OK ~\n" },
    { 'A', "5 EXPUNGE\n", "5 OK ~\n" },
    { 'A', "6 UID EXPUNGE 1:*\n", "6 OK ~\n" },
    { 0 }
};


/* --- two sessions --------------------------------------------------------- */

static const step_t  news[] = {
    { 'B', "1 STORE 2 +FLAGS (\\Flagged)\n",
      "* 2 FETCH (FLAGS (\\Flagged))\n1 OK ~\n" },
    { 'A', "1 NOOP\n", "* 2 FETCH (FLAGS (\\Flagged))\n1 OK ~\n" },
    { 'A', "2 NOOP\n", "2 OK ~\n" },
    { 'B', "2 APPEND $F <<x: y\n\nz\n>>\n",
      "* 4 EXISTS\n* 0 RECENT\n2 OK ~\n" },
    { 'A', "3 FETCH 1 UID\n",
      "* 1 FETCH (UID 1)\n* 4 EXISTS\n* 0 RECENT\n3 OK ~\n" },
    { 'B', "3 STORE 1:2 +FLAGS.SILENT (\\Deleted)\n4 EXPUNGE\n",
      "3 OK ~\n* 1 EXPUNGE\n* 1 EXPUNGE\n4 OK ~\n" },
    { 0 }
};

/* RFC 3501 7.4.1: no EXPUNGE while FETCH, STORE, SEARCH run. */

static const step_t  expunge_waits[] = {
    { 'B', "1 STORE 1 +FLAGS.SILENT (\\Deleted)\n2 EXPUNGE\n",
      "1 OK ~\n* 1 EXPUNGE\n2 OK ~\n" },
    { 'A', "1 FETCH 2:3 UID\n",
      "* 2 FETCH (UID 2)\n* 3 FETCH (UID 3)\n1 OK ~\n" },
    { 'A', "2 STORE 3 +FLAGS (\\Seen)\n",
      "* 3 FETCH (FLAGS (\\Seen))\n2 OK ~\n" },
    { 'A', "3 SEARCH ALL\n", "* SEARCH 1 2 3\n3 OK ~\n" },
    { 'A', "4 FETCH 1 BODY.PEEK[TEXT]\n", "4 NO [EXPUNGEISSUED] ~\n" },
    { 'A', "5 STORE 1 +FLAGS (\\Seen)\n", "5 OK ~\n" },
    { 'A', "6 COPY 1 $F\n", "* 1 EXPUNGE\n~6 NO [EXPUNGEISSUED] ~\n" },
    { 'A', "7 FETCH 1:* (UID FLAGS)\n",
      "* 1 FETCH (UID 2 FLAGS ())\n* 2 FETCH (UID 3 FLAGS (\\Seen))\n"
      "7 OK ~\n" },
    { 'B', "8 STORE 1 +FLAGS.SILENT (\\Deleted)\n9 EXPUNGE\n",
      "~9 OK ~\n" },
    { 'A', "8 UID FETCH 3 UID\n",
      "* 2 FETCH (UID 3)\n* 1 EXPUNGE\n8 OK ~\n" },
    { 0 }
};

static const step_t  silent_hears_others[] = {
    { 'B', "1 STORE 1 +FLAGS.SILENT (\\Flagged)\n", "1 OK ~\n" },
    { 'A', "1 STORE 1 +FLAGS.SILENT (\\Seen)\n",
      "* 1 FETCH (FLAGS (\\Flagged \\Seen))\n1 OK ~\n" },
    { 'B', "2 STORE 2 +FLAGS.SILENT ($New$F)\n", "~2 OK ~\n" },
    { 'A', "2 NOOP\n",
      "* FLAGS (~$New$F~)\n* OK [PERMANENTFLAGS (~$New$F~)] ~\n"
      "* 2 FETCH (FLAGS ($New$F))\n2 OK ~\n" },
    { 0 }
};

static const step_t  idling[] = {
    { 'A', "1 IDLE\n", "+ idling\n" },
    { 'B', "1 APPEND $F <<x: y\n\nz\n>>\n", "~1 OK ~\n" },
    { 'W', "", "* OK Still here\n* 4 EXISTS\n* 0 RECENT\n" },
    { 'B', "2 STORE 1 +FLAGS.SILENT (\\Deleted)\n3 EXPUNGE\n", "~3 OK ~\n" },
    { 'W', "", "* OK Still here\n* 1 EXPUNGE\n" },
    { 'B', "4 STORE 1 +FLAGS.SILENT (\\Seen)\n", "4 OK ~\n" },
    { 'A', "done\n", "* 1 FETCH (FLAGS (\\Seen))\n1 OK ~\n" },
    { 'A', "2 IDLE\n", "+ idling\n" },
    { 'A', "3 NOOP\n", "2 BAD Expected DONE\n" },
    { 'A', "4 NOOP\n", "4 OK ~\n" },
    { 0 }
};

static const step_t  deleted_under_us[] = {
    { 'B', "1 UNSELECT\n2 DELETE $F\n", "1 OK ~\n2 OK ~\n" },
    { 'A', "1 NOOP\n", "* BYE ~\n1 OK ~\n" },
    { 0 }
};

static const step_t  delete_selected[] = {
    { 'A', "1 DELETE $F\n", "1 OK ~\n" },
    { 'A', "2 CHECK\n", "2 BAD Not in this state\n" },
    { 'A', "3 NOOP\n", "3 OK ~\n" },
    { 0 }
};

static const step_t  pipelining[] = {
    { 'A', "1 STORE 1 +FLAGS (\\Seen)\n2 FETCH 1 FLAGS\n3 SEARCH SEEN\n"
           "4 IDLE\nDONE\n5 NOOP\n",
      "* 1 FETCH (FLAGS (\\Seen))\n1 OK ~\n* 1 FETCH (FLAGS (\\Seen))\n"
      "2 OK ~\n* SEARCH 1\n3 OK ~\n+ idling\n4 OK ~\n5 OK ~\n" },
    { 0 }
};

static const talk_t  talks[] = {
    { "sign in", sign_in, 0, false, true },
    { "AUTHENTICATE PLAIN", sasl, 0, false, true },
    { "AUTHENTICATE PLAIN with initial response", sasl_ir, 0, false, true },
    { "STARTTLS drops what follows", starttls, 0, false, true },
    { "too many errors", too_many_errors, 0, false, true },
    { "LIST", listing, 0, false, false },
    { "folders", folders, 0, false, false },
    { "RENAME INBOX", rename_inbox, 0, false, false },
    { "SELECT", selecting, 3, false, false },
    { "APPEND", appending, UINT32_MAX, false, false },
    { "STORE", flags, 3, false, false },
    { "FETCH", fetching, 3, false, false },
    { "nested sections", nested, UINT32_MAX, false, false },
    { "SEARCH", searching, 3, false, false },
    { "COPY and MOVE", copying, 3, false, false },
    { "EXPUNGE", expunging, 4, false, false },
    { "news of the other", news, 3, true, false },
    { "EXPUNGE waits", expunge_waits, 3, true, false },
    { ".SILENT hears others", silent_hears_others, 3, true, false },
    { "IDLE", idling, 3, true, false },
    { "folder deleted under us", deleted_under_us, 3, true, false },
    { "own folder deleted", delete_selected, 1, false, false },
    { "pipelining", pipelining, 1, false, false }
};


/* CRLF, $F, literals. */

static char *
expand(const char *in, unsigned talk, bool literals)
{
    char        *out, *lit;
    size_t       n, len;
    const char  *end;

    out = calloc(1, strlen(in) * 4 + 65536);
    n = 0;

    while (*in != '\0') {

        if (*in == '\n') {
            n += (size_t) sprintf(out + n, "\r\n");
            in++;

        } else if (in[0] == '$' && in[1] == 'F') {
            n += (size_t) sprintf(out + n, "Talk%u", talk);
            in += 2;

        } else if (literals && strncmp(in, "<<", 2) == 0) {
            char  *text;

            end = strstr(in, ">>");
            text = strndup(in + 2, (size_t) (end - in) - 2);
            lit = expand(text, talk, false);
            len = strlen(lit);
            n += (size_t) sprintf(out + n, "{%zu+}\r\n%s", len, lit);
            free(text);
            free(lit);
            in = end + 2;

        } else {
            out[n++] = *in++;
        }
    }

    return out;
}


/* "~" is any text, as short as it can be. */

static bool
matches(const char *want, const char *got)
{
    const char  *w, *g;

    w = g = NULL;

    for ( ;; ) {
        if (*want == '~') {
            w = ++want;
            g = got;
            continue;
        }

        if (*want == '\0' && *got == '\0') {
            return true;
        }

        if (*got != '\0' && *want == *got) {
            want++;
            got++;
            continue;
        }

        if (w == NULL || *g == '\0') {
            return false;
        }

        want = w;
        got = ++g;
    }
}


static void
setup(stream_driver_t *a, stream_driver_t *b, const talk_t *talk, unsigned n)
{
    char      buf[1024], *s;
    unsigned  i;

    if (talk->fresh) {
        return;
    }

    stream_driver_send(a, "s LOGIN alice@example.test secret\r\n");
    stream_driver_send(b, "s LOGIN alice@example.test secret\r\n");

    if (talk->messages != 0) {
        stream_driver_send(a, (s = expand("s CREATE $F\n", n, true)));
        free(s);

        for (i = 0; talk->messages != UINT32_MAX && i < talk->messages; i++) {
            snprintf(buf, sizeof(buf), "s APPEND $F <<%s>>\n", messages[i]);
            stream_driver_send(a, (s = expand(buf, n, true)));
            free(s);
        }

        stream_driver_send(a, (s = expand("s SELECT $F\n", n, true)));

        if (talk->two) {
            stream_driver_send(b, s);
        }
        free(s);
    }

    stream_driver_said(a);
    stream_driver_said(b);
}


static void
run(stream_driver_site_t *site, const talk_t *talk, unsigned n, size_t chunk)
{
    char             *send, *want;
    ptn_str_t         got;
    const step_t     *s;
    stream_driver_t   a, b, *d;

    stream_driver_open(&a, site, &ptn_imap_proto);
    stream_driver_open(&b, site, &ptn_imap_proto);
    setup(&a, &b, talk, n);
    a.chunk = b.chunk = chunk;

    for (s = talk->steps; s->who != 0; s++) {

        d = s->who == 'B' ? &b : &a;
        send = expand(s->send, n, true);
        want = expand(s->want, n, false);

        if (s->who == 'W') {
            stream_driver_wake(d);

        } else {
            stream_driver_send(d, send);
        }

        got = stream_driver_said(d);

        if (!ok(matches(want, (char *) got.data), "%s: %.60s", talk->name,
                strtok(send, "\r")))
        {
            printf("# got:\n%s\n# want:\n%s\n", (char *) got.data, want);
        }

        free(send);
        free(want);
    }

    stream_driver_close(&a);
    stream_driver_close(&b);
}


/* A batch that could not be committed: NO, and the session ends. */

static void
failed_commit(stream_driver_site_t *site)
{
    ptn_str_t        got;
    stream_driver_t  a;

    stream_driver_open(&a, site, &ptn_imap_proto);
    stream_driver_send(&a, "s LOGIN alice@example.test secret\r\n"
                           "s SELECT INBOX\r\n");
    stream_driver_said(&a);

    a.commit_rc = PTN_ENOSPC;
    stream_driver_send(&a, "1 APPEND INBOX {4+}\r\nx: 1\r\n");
    got = stream_driver_said(&a);

    ok(matches("1 NO [UNAVAILABLE] ~\r\n* BYE ~\r\n", (char *) got.data)
       && a.closed, "a failed commit: %.*s", ptn_str_arg(got));

    stream_driver_close(&a);
}


static void
no_clear_text(stream_driver_site_t *site)
{
    ptn_str_t        got;
    stream_driver_t  a;

    site->conf.clear_text_auth = false;
    stream_driver_open(&a, site, &ptn_imap_proto);
    got = stream_driver_said(&a);
    ok(matches("~STARTTLS LOGINDISABLED]~", (char *) got.data),
       "LOGINDISABLED without TLS");

    stream_driver_send(&a, "1 LOGIN alice@example.test secret\r\n");
    got = stream_driver_said(&a);
    ok(matches("1 NO [PRIVACYREQUIRED]~", (char *) got.data), "and meant");
    stream_driver_close(&a);

    stream_driver_open(&a, site, &ptn_imap_proto);
    a.peer.tls = true;
    a.peer.starttls = false;
    stream_driver_said(&a);
    stream_driver_begin(&a, true, NULL);
    got = stream_driver_said(&a);
    ok(matches("* OK [CAPABILITY ~AUTH=PLAIN]~", (char *) got.data)
       && strstr((char *) got.data, "STARTTLS") == NULL, "in TLS");
    stream_driver_send(&a, "1 LOGIN alice@example.test secret\r\n");
    got = stream_driver_said(&a);
    ok(matches("1 OK~", (char *) got.data), "LOGIN in TLS");
    stream_driver_close(&a);
    site->conf.clear_text_auth = true;
}


/* The user's last session is taken: NO [LIMIT], until one ends. */

static void
sessions_full(stream_driver_site_t *site)
{
    ptn_str_t        got;
    stream_driver_t  a, b;

    site->conf.sessions_max = 1;
    stream_driver_open(&a, site, &ptn_imap_proto);
    stream_driver_open(&b, site, &ptn_imap_proto);
    stream_driver_send(&a, "1 LOGIN alice@example.test secret\r\n");
    stream_driver_said(&b);

    stream_driver_send(&b, "1 LOGIN alice@example.test secret\r\n");
    got = stream_driver_said(&b);
    ok(matches("1 NO [LIMIT] ~\r\n", (char *) got.data), "LOGIN: %.*s",
       ptn_str_arg(got));
    stream_driver_send(&b, "2 AUTHENTICATE PLAIN " PLAIN "\r\n"
                           "3 SELECT INBOX\r\n");
    got = stream_driver_said(&b);
    ok(matches("2 NO [LIMIT] ~\r\n3 BAD ~\r\n", (char *) got.data),
       "AUTHENTICATE: %.*s", ptn_str_arg(got));

    stream_driver_close(&a);
    stream_driver_send(&b, "4 LOGIN alice@example.test secret\r\n");
    got = stream_driver_said(&b);
    ok(matches("4 OK ~\r\n", (char *) got.data), "room: %.*s",
       ptn_str_arg(got));
    stream_driver_close(&b);
    is_u64(site->sessions, 0, "none is left");
    site->conf.sessions_max = 100;
}


int
main(int argc, char **argv)
{
    unsigned              i, n;
    stream_driver_site_t  site;

    stream_driver_site_open(&site);

    for (i = 0, n = 0; i < ptn_nelts(talks); i++) {
        if (argc > 1 && strcmp(argv[1], talks[i].name) != 0) {
            continue;
        }

        run(&site, &talks[i], n++, 0);

        if (!talks[i].fresh) {
            run(&site, &talks[i], n++, 1);
        }
    }

    failed_commit(&site);
    no_clear_text(&site);
    sessions_full(&site);

    stream_driver_site_close(&site);

    return done_testing();
}
