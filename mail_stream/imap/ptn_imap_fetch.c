/*
 * FETCH (RFC 3501 6.4.5, 7.4.2).  Flags, UIDs, sizes and dates come from the
 * view; messages are opened for the rest, one at a time, each with a pool that
 * is reset for the next.
 */

#include "ptn_imap.h"


static const struct {
    const char  *name;
    uint8_t      what;
    uint8_t      part;          /* of SECTION */
    bool         peek;
} ptn_imap_fetch_items[] = {
    { "UID", PTN_IMAP_UID, 0, true },
    { "FLAGS", PTN_IMAP_FLAGS, 0, true },
    { "INTERNALDATE", PTN_IMAP_INTERNALDATE, 0, true },
    { "RFC822.SIZE", PTN_IMAP_SIZE, 0, true },
    { "ENVELOPE", PTN_IMAP_ENVELOPE, 0, true },
    { "BODYSTRUCTURE", PTN_IMAP_BODYSTRUCTURE, 0, true },
    { "BODY", PTN_IMAP_BODY, 0, true },
    { "RFC822", PTN_IMAP_SECTION, PTN_IMAP_ALL, false },
    { "RFC822.HEADER", PTN_IMAP_SECTION, PTN_IMAP_HEADER, true },
    { "RFC822.TEXT", PTN_IMAP_SECTION, PTN_IMAP_TEXT, false }
};

static const struct {
    const char  *name;
    uint8_t      what[5];
    uint8_t      n;
} ptn_imap_fetch_macros[] = {
    { "FAST", { PTN_IMAP_FLAGS, PTN_IMAP_INTERNALDATE, PTN_IMAP_SIZE }, 3 },
    { "ALL", { PTN_IMAP_FLAGS, PTN_IMAP_INTERNALDATE, PTN_IMAP_SIZE,
               PTN_IMAP_ENVELOPE }, 4 },
    { "FULL", { PTN_IMAP_FLAGS, PTN_IMAP_INTERNALDATE, PTN_IMAP_SIZE,
                PTN_IMAP_ENVELOPE, PTN_IMAP_BODY }, 5 }
};

static const struct {
    const char  *name;
    uint8_t      part;
    bool         numbered;      /* needs a part number before it */
} ptn_imap_fetch_parts[] = {
    { "HEADER", PTN_IMAP_HEADER, false },
    { "HEADER.FIELDS", PTN_IMAP_FIELDS, false },
    { "HEADER.FIELDS.NOT", PTN_IMAP_FIELDS_NOT, false },
    { "TEXT", PTN_IMAP_TEXT, false },
    { "MIME", PTN_IMAP_MIME, true }
};


/* Letters, digits and "." : names of items stop before "[" and "<". */

static ptn_str_t
ptn_imap_fetch_word(ptn_imap_in_t *in)
{
    u_char  *start, ch;

    for (start = in->p; in->p < in->end; in->p++) {
        ch = ptn_tolower(*in->p);

        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')
              || ch == '.'))
        {
            break;
        }
    }

    return ptn_str_make(start, (size_t) (in->p - start));
}


/* SP "(" field names ")" */

static ptn_rc_t
ptn_imap_fetch_fields(ptn_imap_in_t *in, ptn_imap_item_t *item)
{
    size_t      room;
    ptn_rc_t    rc;
    ptn_str_t   name, *grown;

    if (!ptn_imap_parse_take(in, ' ') || !ptn_imap_parse_take(in, '(')) {
        return PTN_EPARSE;
    }

    room = 0;

    do {
        rc = ptn_imap_parse_astring(in, &name);
        if (rc != PTN_OK) {
            return rc;
        }

        if (item->nfields == room) {
            room = room ? room * 2 : 8;

            grown = ptn_parray(in->pool, room, sizeof(ptn_str_t));
            if (grown == NULL) {
                return PTN_ENOMEM;
            }

            if (item->nfields != 0) {
                memcpy(grown, item->fields,
                       item->nfields * sizeof(ptn_str_t));
            }
            item->fields = grown;
        }

        item->fields[item->nfields++] = name;

    } while (ptn_imap_parse_take(in, ' '));

    return ptn_imap_parse_take(in, ')') ? PTN_OK : PTN_EPARSE;
}


/* Part numbers "1.2." or "1.2"; leaves the word behind them. */

static ptn_rc_t
ptn_imap_fetch_numbers(ptn_imap_in_t *in, ptn_imap_item_t *item)
{
    uint64_t  n;

    item->numbers = ptn_parray(in->pool, PTN_MIME_NESTING_MAX + 2,
                               sizeof(uint32_t));
    if (item->numbers == NULL) {
        return PTN_ENOMEM;
    }

    while (in->p < in->end && *in->p >= '0' && *in->p <= '9') {

        if (ptn_imap_parse_number(in, UINT32_MAX, &n) != PTN_OK || n == 0
            || item->nnumbers == PTN_MIME_NESTING_MAX + 2)
        {
            return PTN_EPARSE;
        }

        item->numbers[item->nnumbers++] = (uint32_t) n;

        if (!ptn_imap_parse_take(in, '.')) {
            return ptn_imap_parse_peek(in, ']') ? PTN_OK : PTN_EPARSE;
        }

        if (ptn_imap_parse_peek(in, ']')) {
            return PTN_EPARSE;
        }
    }

    return PTN_OK;
}


/* "[" section "]" and "<origin.count>", behind BODY or BODY.PEEK. */

static ptn_rc_t
ptn_imap_fetch_section(ptn_imap_in_t *in, ptn_imap_item_t *item)
{
    size_t     i;
    ptn_rc_t   rc;
    ptn_str_t  word;

    rc = ptn_imap_fetch_numbers(in, item);
    if (rc != PTN_OK) {
        return rc;
    }

    item->what = PTN_IMAP_SECTION;
    item->part = PTN_IMAP_ALL;

    if (!ptn_imap_parse_peek(in, ']')) {
        word = ptn_imap_fetch_word(in);

        for (i = 0; i < ptn_nelts(ptn_imap_fetch_parts); i++) {
            if (ptn_str_ieqz(word, ptn_imap_fetch_parts[i].name)) {
                break;
            }
        }

        if (i == ptn_nelts(ptn_imap_fetch_parts)
            || (ptn_imap_fetch_parts[i].numbered && item->nnumbers == 0))
        {
            return PTN_EPARSE;
        }

        item->part = ptn_imap_fetch_parts[i].part;

        if (item->part == PTN_IMAP_FIELDS || item->part == PTN_IMAP_FIELDS_NOT)
        {
            rc = ptn_imap_fetch_fields(in, item);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    if (!ptn_imap_parse_take(in, ']')) {
        return PTN_EPARSE;
    }

    if (!ptn_imap_parse_take(in, '<')) {
        return PTN_OK;
    }

    item->partial = true;

    /* RFC 3501 has 32 bits; 64 do no harm.  A count of 0 is an error. */

    if (ptn_imap_parse_number(in, INT64_MAX, &item->off) != PTN_OK
        || !ptn_imap_parse_take(in, '.')
        || ptn_imap_parse_number(in, INT64_MAX, &item->max) != PTN_OK
        || item->max == 0 || !ptn_imap_parse_take(in, '>'))
    {
        return PTN_EPARSE;
    }

    return PTN_OK;
}


/* What the answer calls a section: as asked, without .PEEK and the count. */

static ptn_rc_t
ptn_imap_fetch_label(ptn_pool_t *pool, ptn_imap_item_t *item)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "BODY[");

    for (i = 0; i < item->nnumbers; i++) {
        ptn_buf_printf(&b, i ? ".%u" : "%u", item->numbers[i]);
    }

    for (i = 0; i < ptn_nelts(ptn_imap_fetch_parts); i++) {
        if (ptn_imap_fetch_parts[i].part == item->part) {
            ptn_buf_z(&b, item->nnumbers ? "." : "");
            ptn_buf_z(&b, ptn_imap_fetch_parts[i].name);
        }
    }

    for (i = 0; i < item->nfields; i++) {
        ptn_buf_z(&b, i ? " " : " (");
        ptn_buf_str(&b, item->fields[i]);
    }

    ptn_buf_z(&b, item->nfields ? ")]" : "]");

    if (item->partial) {
        ptn_buf_printf(&b, "<%llu>", (unsigned long long) item->off);
    }

    item->label = ptn_buf_get(&b);

    return b.failed ? PTN_ENOMEM : PTN_OK;
}


/*
 * Field names go back to the client as they came, unquoted: only what is an
 * atom and can be the name of a field is taken (RFC 5322 2.2).
 */

static bool
ptn_imap_fetch_field_names_ok(const ptn_imap_item_t *item)
{
    size_t  i, k;
    u_char  ch;

    for (i = 0; i < item->nfields; i++) {

        for (k = 0; k < item->fields[i].len; k++) {
            ch = item->fields[i].data[k];

            if (ch <= 0x20 || ch >= 0x7f || strchr("(){%*\"\\]", ch) != NULL)
            {
                return false;
            }
        }

        if (k == 0) {
            return false;
        }
    }

    return true;
}


static ptn_rc_t
ptn_imap_fetch_item(ptn_imap_in_t *in, ptn_imap_item_t *item)
{
    size_t     i;
    ptn_rc_t   rc;
    ptn_str_t  word;

    memset(item, 0, sizeof(*item));

    word = ptn_imap_fetch_word(in);

    if (ptn_imap_parse_take(in, '[')) {

        item->peek = ptn_str_ieqz(word, "BODY.PEEK");

        if (!item->peek && !ptn_str_ieqz(word, "BODY")) {
            return PTN_EPARSE;
        }

        rc = ptn_imap_fetch_section(in, item);

        if (rc == PTN_OK && !ptn_imap_fetch_field_names_ok(item)) {
            return PTN_EPARSE;
        }

        return rc == PTN_OK ? ptn_imap_fetch_label(in->pool, item) : rc;
    }

    for (i = 0; i < ptn_nelts(ptn_imap_fetch_items); i++) {
        if (ptn_str_ieqz(word, ptn_imap_fetch_items[i].name)) {
            item->what = ptn_imap_fetch_items[i].what;
            item->part = ptn_imap_fetch_items[i].part;
            item->peek = ptn_imap_fetch_items[i].peek;
            item->label = ptn_str_z(ptn_imap_fetch_items[i].name);
            return PTN_OK;
        }
    }

    return PTN_EPARSE;
}


/* Adds one, at most once: {UID FLAGS ...} twice makes no sense. */

static ptn_rc_t
ptn_imap_fetch_add(ptn_imap_in_t *in, ptn_imap_items_t *items, size_t *room,
    const ptn_imap_item_t *item)
{
    size_t            i;
    ptn_imap_item_t  *grown;

    for (i = 0; i < items->n; i++) {
        if (items->item[i].what == item->what
            && ptn_str_eq(items->item[i].label, item->label)
            && items->item[i].max == item->max)
        {
            return PTN_OK;
        }
    }

    if (items->n == 256) {
        return PTN_ELIMIT;
    }

    if (items->n == *room) {
        *room = *room ? *room * 2 : 8;

        grown = ptn_parray(in->pool, *room, sizeof(ptn_imap_item_t));
        if (grown == NULL) {
            return PTN_ENOMEM;
        }

        if (items->n != 0) {
            memcpy(grown, items->item, items->n * sizeof(ptn_imap_item_t));
        }
        items->item = grown;
    }

    items->item[items->n++] = *item;

    items->has_uid = items->has_uid || item->what == PTN_IMAP_UID;
    items->needs_msg = items->needs_msg || item->what >= PTN_IMAP_ENVELOPE;
    items->seen = items->seen || !item->peek;

    return PTN_OK;
}


static ptn_rc_t
ptn_imap_fetch_macro(ptn_imap_in_t *in, ptn_imap_items_t *items,
    size_t *room, bool *ret_macro)
{
    size_t            i, k, m;
    ptn_rc_t          rc;
    ptn_imap_item_t   item;

    *ret_macro = true;

    for (m = 0; m < ptn_nelts(ptn_imap_fetch_macros); m++) {

        if (!ptn_imap_parse_word(in, ptn_imap_fetch_macros[m].name)) {
            continue;
        }

        for (k = 0; k < ptn_imap_fetch_macros[m].n; k++) {

            memset(&item, 0, sizeof(item));
            item.what = ptn_imap_fetch_macros[m].what[k];
            item.peek = true;

            for (i = 0; ptn_imap_fetch_items[i].what != item.what; i++) {
                /* void */
            }
            item.label = ptn_str_z(ptn_imap_fetch_items[i].name);

            rc = ptn_imap_fetch_add(in, items, room, &item);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        return PTN_OK;
    }

    *ret_macro = false;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_fetch_parse(ptn_imap_in_t *in, ptn_imap_items_t *ret)
{
    bool             list, macro;
    size_t           room;
    ptn_rc_t         rc;
    ptn_imap_item_t  item;

    memset(ret, 0, sizeof(*ret));
    room = 0;

    rc = ptn_imap_fetch_macro(in, ret, &room, &macro);

    if (rc != PTN_OK || macro) {
        return rc;
    }

    list = ptn_imap_parse_take(in, '(');

    do {
        rc = ptn_imap_fetch_item(in, &item);

        if (rc == PTN_OK) {
            rc = ptn_imap_fetch_add(in, ret, &room, &item);
        }

        if (rc != PTN_OK) {
            return rc;
        }

    } while (list && ptn_imap_parse_take(in, ' '));

    return !list || ptn_imap_parse_take(in, ')') ? PTN_OK : PTN_EPARSE;
}


/* "17-Jul-1996 02:44:25 +0000", quoted (RFC 3501 9, date-time). */

static void
ptn_imap_fetch_date(ptn_imap_t *c, int64_t sec)
{
    u_char       b[28];
    ptn_civil_t  t;

    ptn_time_to_civil(sec, &t);

    b[0] = '"';
    b[1] = t.day < 10 ? ' ' : (u_char) ('0' + t.day / 10);
    b[2] = (u_char) ('0' + t.day % 10);
    b[3] = '-';
    memcpy(b + 4, ptn_imap_months[t.month - 1], 3);
    b[7] = '-';
    b[8] = (u_char) ('0' + t.year / 1000 % 10);
    b[9] = (u_char) ('0' + t.year / 100 % 10);
    b[10] = (u_char) ('0' + t.year / 10 % 10);
    b[11] = (u_char) ('0' + t.year % 10);
    b[12] = ' ';
    b[13] = (u_char) ('0' + t.hour / 10);
    b[14] = (u_char) ('0' + t.hour % 10);
    b[15] = ':';
    b[16] = (u_char) ('0' + t.min / 10);
    b[17] = (u_char) ('0' + t.min % 10);
    b[18] = ':';
    b[19] = (u_char) ('0' + t.sec / 10);
    b[20] = (u_char) ('0' + t.sec % 10);
    memcpy(b + 21, " +0000\"", 7);

    ptn_imap_out(c, b, sizeof(b));
}


static ptn_rc_t
ptn_imap_fetch_structure(ptn_imap_t *c, ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_imap_item_t *item)
{
    ptn_rc_t           rc;
    ptn_buf_t          b;
    const ptn_mime_t  *mime;

    rc = ptn_msg_structure(msg, &mime);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&b, pool);

    if (item->what == PTN_IMAP_ENVELOPE) {
        ptn_mime_imap_envelope(&b, pool, mime->root);

    } else {
        ptn_mime_imap_structure(&b, pool, mime->root,
                                item->what == PTN_IMAP_BODYSTRUCTURE);
    }

    if (b.failed || ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    ptn_imap_out_str(c, item->label);
    ptn_imap_out_byte(c, ' ');
    ptn_imap_out_str(c, ptn_buf_get(&b));

    return PTN_OK;
}


static ptn_rc_t
ptn_imap_fetch_value(ptn_imap_t *c, ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_row_t *row, const ptn_imap_item_t *item)
{
    switch (item->what) {

    case PTN_IMAP_UID:
        PTN_IMAP_LIT(c, "UID ");
        ptn_imap_out_u64(c, row->uid);
        return PTN_OK;

    case PTN_IMAP_FLAGS:
        PTN_IMAP_LIT(c, "FLAGS ");
        ptn_imap_flags_out(c, row->flags, row->keywords);
        return PTN_OK;

    case PTN_IMAP_INTERNALDATE:
        PTN_IMAP_LIT(c, "INTERNALDATE ");
        ptn_imap_fetch_date(c, row->received);
        return PTN_OK;

    case PTN_IMAP_SIZE:
        PTN_IMAP_LIT(c, "RFC822.SIZE ");
        ptn_imap_out_u64(c, row->size);
        return PTN_OK;

    case PTN_IMAP_SECTION:
        return ptn_imap_section(c, pool, msg, item);

    default:
        return ptn_imap_fetch_structure(c, pool, msg, item);
    }
}


/*
 * One answer.  ENOTFOUND: the message was expunged, nothing was written.
 * Another error in the middle of an answer cannot be worded any more: the
 * connection is closed (c->failed).
 */

static ptn_rc_t
ptn_imap_fetch_row(ptn_imap_t *c, ptn_pool_t *pool, uint32_t seq,
    const ptn_row_t *row, const ptn_imap_items_t *items)
{
    size_t      i;
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    msg = NULL;

    if (items->needs_msg) {
        rc = ptn_mbox_read(c->mb);

        if (rc == PTN_OK) {
            rc = ptn_msg_open_row(c->mb, pool,
                                  ptn_view_folder(c->st->view), row, &msg);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    PTN_IMAP_LIT(c, "* ");
    ptn_imap_out_u64(c, seq);
    PTN_IMAP_LIT(c, " FETCH (");

    if (c->uid && !items->has_uid) {
        PTN_IMAP_LIT(c, "UID ");
        ptn_imap_out_u64(c, row->uid);
        ptn_imap_out_byte(c, ' ');
    }

    for (i = 0; i < items->n; i++) {

        if (i != 0) {
            ptn_imap_out_byte(c, ' ');
        }

        rc = ptn_imap_fetch_value(c, pool, msg, row, &items->item[i]);

        if (rc != PTN_OK) {
            if (c->failed == PTN_OK) {
                ptn_log(c->s->log, PTN_LOG_ERROR,
                        "imap fetch failed user=%.*s uid=%u rc=%s",
                        c->st->user_len, c->st->user, row->uid,
                        ptn_err(rc)->name);
                c->failed = rc;
            }
            return rc;
        }
    }

    PTN_IMAP_LIT(c, ")\r\n");

    return PTN_OK;
}


typedef struct {
    uint32_t  *unseen;          /* UIDs that get \Seen */
    size_t     nunseen;
    bool       gone;            /* some message was expunged */
} ptn_imap_fetch_t;


static ptn_rc_t
ptn_imap_fetch_range(ptn_imap_t *c, ptn_pool_t *pool,
    const ptn_imap_range_t *range, const ptn_imap_items_t *items,
    ptn_imap_fetch_t *f)
{
    uint32_t   seq;
    ptn_rc_t   rc;
    ptn_row_t  row;

    for (seq = range->lo; seq <= range->hi && c->failed == PTN_OK; seq++) {

        ptn_view_row(c->st->view, seq, &row);

        rc = ptn_imap_fetch_row(c, pool, seq, &row, items);

        if (rc == PTN_ENOTFOUND) {
            f->gone = true;

        } else if (rc != PTN_OK) {
            return rc;

        } else if (f->unseen != NULL && !(row.flags & PTN_FLAG_SEEN)) {
            f->unseen[f->nunseen++] = row.uid;
        }

        if (items->needs_msg) {
            ptn_pool_reset(pool);
        }

        ptn_imap_out_progress(c);

        if ((seq & 0xff) == 0 && c->s->cancelled(c->s)) {
            c->failed = PTN_ECANCEL;
        }
    }

    return c->failed;
}


static ptn_rc_t
ptn_imap_fetch_run(ptn_imap_t *c, const ptn_imap_set_t *seqs,
    const ptn_imap_items_t *items, ptn_imap_fetch_t *f)
{
    size_t       i, n;
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    if (items->seen && !c->st->read_only) {

        for (i = 0, n = 0; i < seqs->n; i++) {
            n += (size_t) (seqs->range[i].hi - seqs->range[i].lo) + 1;
        }

        f->unseen = ptn_parray(c->s->pool, n, sizeof(uint32_t));
        if (f->unseen == NULL) {
            return PTN_ENOMEM;
        }
    }

    rc = ptn_imap_keywords(c);
    if (rc != PTN_OK) {
        return rc;
    }

    pool = c->s->pool;

    if (items->needs_msg) {
        pool = ptn_pool_create((size_t) c->s->conf->job_memory, NULL);
        if (pool == NULL) {
            return PTN_ENOMEM;
        }
    }

    for (i = 0; i < seqs->n && rc == PTN_OK; i++) {
        rc = ptn_imap_fetch_range(c, pool, &seqs->range[i], items, f);
    }

    if (items->needs_msg) {
        ptn_mbox_read_end(c->mb);
        ptn_pool_destroy(pool);
    }

    return rc;
}


ptn_rc_t
ptn_imap_fetch(ptn_imap_t *c)
{
    ptn_rc_t           rc;
    ptn_imap_set_t     set, seqs;
    ptn_imap_items_t   items;
    ptn_imap_fetch_t   f;

    memset(&f, 0, sizeof(f));

    rc = ptn_imap_parse_sp(&c->in);

    if (rc == PTN_OK) {
        rc = ptn_imap_set_parse(&c->in, &set);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_fetch_parse(&c->in, &items);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_set_resolve(c->s->pool, &set, c->st->view, c->uid,
                                  &seqs);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_fetch_run(c, &seqs, &items, &f);
    }

    /* what was read gets its \Seen at the end: until then all of it can go
     * out, nothing waits for a commit */

    if (rc == PTN_OK && f.nunseen != 0) {
        rc = ptn_imap_store_seen(c, f.unseen, f.nunseen);
    }

    if (rc == PTN_OK && f.gone && !c->uid) {
        c->reply = "NO [EXPUNGEISSUED] Some of the messages are gone";
    }

    return rc;
}
