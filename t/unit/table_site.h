/*
 * What the tests of tables share: messages to show, and a table written down.
 */

#ifndef TABLE_SITE_H
#define TABLE_SITE_H


#include "mailbox_site.h"
#include "ptn_item.h"


#define KEYWORDS  0x8005101f            /* several strings */
#define KEYWORD   (KEYWORDS|PTN_TABLE_INSTANCE)
#define FOLDER    PTN_FOLDER_INBOX


/* A message; keywords "a,b" or NULL. */

static inline ptn_id_t
table_message(site_t *s, ptn_txn_t *tx, const char *from, const char *subject,
    int64_t received, uint32_t flags, const char *keywords)
{
    char            *p, *words, *save;
    uint32_t         n;
    ptn_str_t        list[32], value;
    ptn_saved_t      saved;
    ptn_append_t     a;
    ptn_appended_t   app;
    ptn_bag_prop_t   prop;

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(s->pool, "From: %s <%s@example.test>\r\n"
                           "To: Bob <bob@example.test>\r\nSubject: %s\r\n\r\n"
                           "text\r\n", from, "x", subject);
    a.received = received;
    a.flags = flags;
    ptn_msg_append(tx, FOLDER, &a, &app);

    if (keywords != NULL) {
        words = ptn_str_dupz(s->pool, ptn_str_z(keywords));

        for (n = 0, p = strtok_r(words, ",", &save); p != NULL && n < 32;
             p = strtok_r(NULL, ",", &save))
        {
            list[n++] = ptn_str_z(p);
        }

        ptn_mv_make(s->pool, KEYWORDS, list, n, &value);
        prop.tag = KEYWORDS;
        prop.value = value;
        ptn_msg_set_props(tx, s->pool, app.id, &prop, 1, &saved);
    }

    return app.id;
}


/* A restriction from its bytes. */

static inline ptn_restrict_t *
table_restrict(site_t *s, ptn_str_t data)
{
    ptn_restrict_t   *r;
    ptn_wire_text_t   text;

    memset(&text, 0, sizeof(text));
    text.pool = s->pool;
    r = NULL;

    if (ptn_restrict_get(&text, data, &r) != PTN_OK) {
        printf("Bail out! a restriction is not read\n");
        exit(1);
    }

    return r;
}


typedef struct {
    ptn_buf_t  b;
} table_text_t;


static ptn_rc_t
table_text_row(void *ctx, const ptn_table_row_t *row)
{
    unsigned       i;
    table_text_t  *t = ctx;

    if (t->b.len != 0) {
        ptn_buf_byte(&t->b, ' ');
    }

    for (i = 0; i < row->depth; i++) {
        ptn_buf_byte(&t->b, '.');
    }

    if (row->type != PTN_ROW_LEAF) {
        ptn_buf_printf(&t->b, "%c%.*s:%u/%u",
                       row->type == PTN_ROW_EXPANDED ? '-' : '+',
                       ptn_str_arg(row->values[1 + row->depth]),
                       ptn_le32(row->values[5].data),
                       ptn_le32(row->values[4].data));
        return PTN_OK;
    }

    ptn_buf_printf(&t->b, "%.*s", ptn_str_arg(row->values[0]));

    if (row->values[3].data != NULL) {
        ptn_buf_printf(&t->b, "(%.*s)", ptn_str_arg(row->values[3]));
    }

    return PTN_OK;
}


/*
 * The rows: subjects, "(x)" behind that of an instance; of a header "-" when
 * it is open, "+" when not, the value of its category (the columns are `cat`
 * and `cat2`), how many are unread, and how many there are.
 */

static inline ptn_str_t
table_text(site_t *s, ptn_mbox_t *mb, ptn_table_t *table, uint32_t cat,
    uint32_t cat2)
{
    uint32_t      tags[6];
    table_text_t  t;

    tags[0] = PTN_PR_SUBJECT;
    tags[1] = cat ? cat : PTN_PR_SUBJECT;
    tags[2] = cat2 ? cat2 : PTN_PR_SUBJECT;
    tags[3] = KEYWORD;
    tags[4] = PTN_PR_CONTENT_COUNT;
    tags[5] = PTN_PR_CONTENT_UNREAD;

    ptn_buf_init(&t.b, s->pool);
    ptn_table_rows(mb, table, s->pool, tags, 6, 0, UINT32_MAX, true,
                   table_text_row, &t);

    return ptn_buf_get(&t.b);
}


#endif /* TABLE_SITE_H */
