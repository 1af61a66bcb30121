/*
 * What the files of the import share; nobody else includes this.
 *
 *   ptn_oxcmail_import.c         entry; which part is body, which attachment
 *   ptn_oxcmail_import_head.c    header fields to properties
 *   ptn_oxcmail_import_addr.c    people, recipients
 *   ptn_oxcmail_import_body.c    bodies
 *   ptn_oxcmail_import_attach.c  attachments
 */

#ifndef PTN_OXCMAIL_IN_H
#define PTN_OXCMAIL_IN_H


#include "ptn_charset.h"
#include "ptn_eid.h"
#include "ptn_mime_header.h"
#include "ptn_oxcmail.h"


#define PTN_OXCMAIL_LINE_HARD  900      /* RFC 5322 2.1.1 allows 998 */
#define PTN_ATT_RENDERED  0x00000004    /* MS-OXCMSG 2.2.2.18 */

typedef enum {
    PTN_OXCMAIL_TEXT,           /* text of a body */
    PTN_OXCMAIL_HTML_TEXT,      /* HTML of a body */
    PTN_OXCMAIL_ATTACH,
    PTN_OXCMAIL_INLINE,         /* attachment, a picture within the HTML */
    PTN_OXCMAIL_SIGNED          /* attachment, all of multipart/signed */
} ptn_oxcmail_role_e;

/*
 * A message shows one body or several, one below the other (MS-OXCMAIL
 * 2.2.3.3.2.2).  Each is a piece that has text, HTML, or both.
 */
typedef struct {
    const ptn_mime_part_t  *part;
    uint32_t                index;      /* of the part in the tree */
    uint32_t                piece;
    ptn_oxcmail_role_e      role;
} ptn_oxcmail_item_t;

typedef struct {
    ptn_pool_t             *pool;
    const ptn_mime_t       *mime;
    const ptn_mime_part_t  *root;       /* of this message */
    uint32_t                index;      /* of root */
    unsigned                what;
    ptn_rc_t                rc;         /* the first that failed */
    ptn_object_t           *object;
    ptn_oxcmail_item_t     *items;      /* in the order of the tree */
    uint32_t                n, nattachs, npieces, nhtml, ntext;
    bool                    body_only;  /* within multipart/signed */
    const char             *smime;      /* message class, or NULL */
} ptn_oxcmail_in_t;


/* Each does nothing when in->rc is set, and sets it. */
void ptn_oxcmail_put(ptn_oxcmail_in_t *in, ptn_props_t *props, uint32_t tag,
    ptn_str_t value);
void ptn_oxcmail_put_int(ptn_oxcmail_in_t *in, ptn_props_t *props,
    uint32_t tag, int64_t n);

/* Decoded, trimmed, one line, without NUL. */
ptn_str_t ptn_oxcmail_text(ptn_pool_t *pool, ptn_str_t raw);
ptn_str_t ptn_oxcmail_clean(ptn_pool_t *pool, ptn_str_t s);

/* Of an id: printable ASCII, blanks one by one. */
ptn_str_t ptn_oxcmail_id(ptn_pool_t *pool, ptn_str_t raw);

/* The bytes of a part's body; false: the message is not there. */
bool ptn_oxcmail_bytes(const ptn_mime_t *mime, const ptn_mime_part_t *part,
    ptn_str_t *ret);

/* May the parser have this HTML, or is it made to hurt (ptn_body_sane.c)? */
bool ptn_body_sane(ptn_str_t html);
/* Text as a piece of HTML (ptn_body_html.c). */
void ptn_body_put_html(ptn_buf_t *out, ptn_str_t text);

/* Object of the message at `root`, `index` in the tree. */
ptn_rc_t ptn_oxcmail_message(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_mime_part_t *root, uint32_t index, unsigned what,
    ptn_object_t **ret_object);
/* The part with that index, NULL: none. */
const ptn_mime_part_t *ptn_oxcmail_part(const ptn_mime_t *mime,
    uint32_t index);

/* PidTagSubject, and what it is put together from. */
ptn_str_t ptn_oxcmail_subject(ptn_pool_t *pool, ptn_str_t raw,
    ptn_str_t *ret_prefix, ptn_str_t *ret_rest);

/* A field that some property is made of. */
bool ptn_oxcmail_field_known(ptn_str_t name);

void ptn_oxcmail_import_head(ptn_oxcmail_in_t *in);
void ptn_oxcmail_import_class(ptn_oxcmail_in_t *in);
void ptn_oxcmail_import_bodies(ptn_oxcmail_in_t *in);
void ptn_oxcmail_import_attachs(ptn_oxcmail_in_t *in);


static inline bool
ptn_oxcmail_domain_bad(u_char c)
{
    return c <= ' ' || c == 0x7f || strchr("<>,;\"()\\", c) != NULL;
}


/* The persons of one or more address fields. */
typedef struct {
    ptn_str_t  name, email;     /* name empty: it has none */
} ptn_oxcmail_person_t;

typedef struct {
    ptn_oxcmail_person_t  *p;
    uint32_t               n, size;
} ptn_oxcmail_people_t;

void ptn_oxcmail_people(ptn_oxcmail_in_t *in, ptn_oxcmail_people_t *people,
    ptn_str_t value);

/* Tags of one person among the properties of a message; 0: none. */
typedef struct {
    uint32_t  name, addrtype, email, smtp, entryid, search_key;
} ptn_oxcmail_who_t;

void ptn_oxcmail_put_person(ptn_oxcmail_in_t *in, ptn_props_t *props,
    const ptn_oxcmail_who_t *who, const ptn_oxcmail_person_t *person);
void ptn_oxcmail_put_reply_to(ptn_oxcmail_in_t *in,
    const ptn_oxcmail_people_t *people);
/* DISPLAY_TO and the like. */
void ptn_oxcmail_put_display(ptn_oxcmail_in_t *in, uint32_t tag,
    const ptn_oxcmail_people_t *people);
void ptn_oxcmail_put_recips(ptn_oxcmail_in_t *in,
    const ptn_oxcmail_people_t *people, uint32_t type);


#endif /* PTN_OXCMAIL_IN_H */
