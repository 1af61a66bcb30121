/*
 * Every wire table: random values go out and come back the same, every
 * truncation is refused; captured bytes in t/wire give the dump beside them.
 *
 *     wire --dump rop_open_folder_req < hex-or-bytes
 */

#include <dirent.h>

#include "ptn_test.h"
#include "ptn_wire_all.h"
#include "ptn_wire_random.h"


#define ROUNDS  300


static uint64_t  wire_seed_start = 88172645463325252ULL;


/* --- random values ------------------------------------------------------- */

static void wire_fill(const ptn_wire_t *w, ptn_pool_t *pool, uint64_t *seed,
    void *val);


/* Others count by this member, or look at its bits. */
static bool
wire_is_count(const ptn_wire_t *w, const ptn_wire_row_t *row)
{
    size_t  i;

    for (i = 0; i < w->n; i++) {
        if (w->rows[i].form == PTN_WIRE_VEC && w->rows[i].arg == row->off) {
            return true;
        }
    }

    return false;
}


static ptn_str_t
wire_fill_str(ptn_pool_t *pool, uint64_t *seed, bool zeros, size_t unit)
{
    size_t     i;
    ptn_str_t  s;

    s.len = wire_random(seed) % 20 * unit;
    s.data = ptn_palloc(pool, s.len + 1);

    for (i = 0; i < s.len; i++) {
        s.data[i] = (u_char) wire_random(seed);

        if (!zeros && s.data[i] == 0) {
            s.data[i] = 1;
        }
    }

    return s;
}


/* Half of the time one of the values that other fields ask for. */
static uint64_t
wire_fill_is(const ptn_wire_t *w, const ptn_wire_row_t *row, uint64_t *seed,
    uint64_t v)
{
    size_t    i, n;
    uint64_t  values[16];

    n = 0;

    for (i = 0; i < w->n; i++) {
        if (w->rows[i].form == PTN_WIRE_IS && w->rows[i].arg == row->off) {
            values[n++] = w->rows[i].n;
        }
    }

    return n == 0 || wire_random(seed) % 2 == 0 ? v
           : values[wire_random(seed) % n];
}


static void
wire_fill_one(const ptn_wire_t *w, const ptn_wire_row_t *row, ptn_pool_t *pool,
    uint64_t *seed, void *base, u_char *member)
{
    size_t    i;
    uint64_t  v;

    switch (row->kind) {

    case PTN_WIRE_KIND_str8z:
        *(ptn_str_t *) member = wire_fill_str(pool, seed, false, 1);
        return;

    case PTN_WIRE_KIND_str16z:
        *(ptn_str_t *) member = wire_fill_str(pool, seed, false, 2);
        return;

    case PTN_WIRE_KIND_bin16:
    case PTN_WIRE_KIND_bin32:
        *(ptn_str_t *) member = wire_fill_str(pool, seed, true, 1);
        return;

    case PTN_WIRE_KIND_sub:
        wire_fill(row->sub, pool, seed, member);
        return;

    case PTN_WIRE_KIND_hook:
        wire_fill_hook(row->hook, pool, seed, base, member);
        return;

    case PTN_WIRE_KIND_guid:
        for (i = 0; i < 16; i++) {
            member[i] = (u_char) wire_random(seed);
        }
        return;

    default:
        v = wire_random(seed);
        v = wire_is_count(w, row) ? v % 4 : v % 3 == 0 ? 0 : v >> 8;
        v = wire_fill_is(w, row, seed, v);

        for (i = 0; i < row->size; i++) {
            member[i] = (u_char) (v >> (8 * i));    /* little endian host */
        }
    }
}


static void
wire_fill(const ptn_wire_t *w, ptn_pool_t *pool, uint64_t *seed, void *val)
{
    size_t                 i;
    u_char                *member;
    uint64_t               k, n;
    const ptn_wire_row_t  *row;

    memset(val, 0, w->size);

    for (i = 0; i < w->n; i++) {
        row = &w->rows[i];
        n = ptn_wire_count(row, val);
        member = (u_char *) val + row->off;

        if (row->form == PTN_WIRE_VEC) {
            member = ptn_pcalloc(pool, (size_t) n * row->size + 1);
            memcpy((u_char *) val + row->off, &member, sizeof(member));
        }

        for (k = 0; k < n; k++) {
            wire_fill_one(w, row, pool, seed, val, member + k * row->size);
        }
    }
}


/* --- the walk ------------------------------------------------------------ */

static const char *
wire_round(const ptn_wire_t *w, ptn_pool_t *pool, uint64_t *seed)
{
    void       *val, *back;
    size_t      i;
    ptn_rc_t    rc;
    ptn_buf_t   a, b, da, db;
    ptn_str_t   in;

    val = ptn_palloc(pool, w->size);
    back = ptn_palloc(pool, w->size);
    ptn_buf_init(&a, pool);
    ptn_buf_init(&b, pool);
    ptn_buf_init(&da, pool);
    ptn_buf_init(&db, pool);

    wire_fill(w, pool, seed, val);

    if (ptn_wire_push(w, &a, val) != PTN_OK) {
        return "push";
    }

    ptn_buf_z(&a, "rest");
    in = ptn_buf_get(&a);

    if (ptn_wire_pull(w, pool, &in, back) != PTN_OK) {
        return "pull";
    }

    if (!ptn_str_eqz(in, "rest")) {
        return "what follows";
    }

    if (ptn_wire_push(w, &b, back) != PTN_OK || b.len + 4 != a.len
        || (b.len != 0 && memcmp(a.data, b.data, b.len) != 0))
    {
        return "other bytes";
    }

    ptn_wire_dump(w, &da, val, 0);
    ptn_wire_dump(w, &db, back, 0);

    if (!ptn_str_eq(ptn_buf_get(&da), ptn_buf_get(&db))) {
        return "another dump";
    }

    for (i = 0; i < b.len; i++) {

        /* in memory of its own, so that reading beyond shows */

        u_char  *copy = malloc(i + 1);

        memcpy(copy, b.data, i);
        in = ptn_str_make(copy, i);
        rc = ptn_wire_pull(w, pool, &in, back);
        free(copy);

        if (rc != PTN_ETRUNC || in.len != i) {
            return "a truncation was not refused";
        }
    }

    return NULL;
}


static void
wire_walk(void)
{
    size_t              n, i;
    uint64_t            seed;
    const char         *bad;
    ptn_pool_t         *pool;
    const ptn_wire_t   *w;

    seed = wire_seed_start;
    pool = ptn_pool_create(0, NULL);

    for (n = 0; (w = wire_nth(n)) != NULL; n++) {
        bad = NULL;

        for (i = 0; i < ROUNDS && bad == NULL; i++) {
            bad = wire_round(w, pool, &seed);
            ptn_pool_reset(pool);
        }

        ok(bad == NULL, "%s: %s", w->name, bad ? bad : "round trips");
    }

    ptn_pool_destroy(pool);
}


/* What cannot be written is refused, and a count is not believed. */
static void
wire_refused(void)
{
    size_t                       used;
    ptn_buf_t                    b;
    ptn_str_t                    in;
    ptn_pool_t                  *pool;
    wire_test_sub_t              sub;
    ptn_rop_options_data_req_t   opt;
    ptn_rop_create_folder_req_t  cf;
    ptn_rop_get_properties_list_res_t  list;

    pool = ptn_pool_create(0, NULL);
    ptn_buf_init(&b, pool);

    memset(&opt, 0, sizeof(opt));
    opt.address_type = ptn_str("a\0b");
    is_rc(ptn_wire_push(&ptn_rop_options_data_req_wire, &b, &opt), PTN_EINVAL,
          "a zero in a string");

    memset(&cf, 0, sizeof(cf));
    cf.use_unicode = 1;
    cf.display_name = ptn_str("abc");
    is_rc(ptn_wire_push(&ptn_rop_create_folder_req_wire, &b, &cf), PTN_EINVAL,
          "half a unit");
    cf.display_name = ptn_str("ab\0\0");
    is_rc(ptn_wire_push(&ptn_rop_create_folder_req_wire, &b, &cf), PTN_EINVAL,
          "a zero unit");

    memset(&sub, 0, sizeof(sub));
    sub.flags = 0x06;
    sub.blob.len = 65536;
    sub.blob.data = ptn_pcalloc(pool, 65536);
    is_rc(ptn_wire_push(&wire_test_sub_wire, &b, &sub), PTN_ETOOBIG,
          "longer than its length can say");

    memset(&list, 0, sizeof(list));
    list.tag_count = 1;
    is_rc(ptn_wire_push(&ptn_rop_get_properties_list_res_wire, &b, &list),
          PTN_EINVAL, "no vector");

    used = ptn_pool_used(pool);
    in = ptn_str("\xff\xff" "1234");
    is_rc(ptn_wire_pull(&ptn_rop_get_properties_list_res_wire, pool, &in,
                        &list), PTN_ETRUNC, "65535 of which one is there");
    is_u64(ptn_pool_used(pool), used, "no memory was taken for it");

    ptn_pool_destroy(pool);
}


/* --- captured bytes ------------------------------------------------------ */

static const ptn_wire_t *
wire_named(const char *name)
{
    size_t             n;
    const ptn_wire_t  *w;

    for (n = 0; (w = wire_nth(n)) != NULL; n++) {
        if (strcmp(w->name, name) == 0
            || (strncmp(w->name, "ptn_", 4) == 0
                && strcmp(w->name + 4, name) == 0))
        {
            return w;
        }
    }

    return NULL;
}


/* Hex digits and white space become bytes; anything else is bytes already. */
static ptn_str_t
wire_bytes(ptn_pool_t *pool, ptn_str_t s)
{
    int        v, half;
    size_t     i, n;
    u_char     c;
    ptn_str_t  out;

    out.data = ptn_palloc(pool, s.len / 2 + 1);
    n = 0;
    half = -1;

    for (i = 0; i < s.len; i++) {
        c = ptn_tolower(s.data[i]);

        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            continue;
        }

        if (!isxdigit(c)) {
            return s;
        }

        v = c <= '9' ? c - '0' : c - 'a' + 10;

        if (half == -1) {
            half = v;

        } else {
            out.data[n++] = (u_char) (half << 4 | v);
            half = -1;
        }
    }

    out.len = n;

    return half == -1 ? out : s;
}


static ptn_str_t
wire_read(ptn_pool_t *pool, FILE *f)
{
    size_t     n;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);

    do {
        if (ptn_buf_reserve(&b, 4096) == NULL) {
            break;
        }

        n = fread(b.data + b.len, 1, 4096, f);
        b.len += n;
    } while (n != 0);

    return ptn_buf_get(&b);
}


static ptn_rc_t
wire_dump(ptn_pool_t *pool, const ptn_wire_t *w, ptn_str_t in,
    ptn_str_t *ret_text)
{
    void       *val;
    ptn_rc_t    rc;
    ptn_buf_t   b;

    val = ptn_palloc(pool, w->size);

    rc = ptn_wire_pull(w, pool, &in, val);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&b, pool);
    ptn_wire_dump(w, &b, val, 0);

    if (in.len != 0) {
        ptn_buf_printf(&b, "(%zu bytes behind it)\n", in.len);
    }

    *ret_text = ptn_buf_get(&b);

    return PTN_OK;
}


/* t/wire/NAME.hex or NAME-what.hex: hex, a line "=", the dump. */
static void
wire_file(ptn_pool_t *pool, const char *file)
{
    char               path[512], name[256];
    FILE              *f;
    u_char            *mark;
    ptn_str_t          all, text, want;
    const ptn_wire_t  *w;

    snprintf(name, sizeof(name), "%.*s", (int) strcspn(file, ".-"), file);
    w = wire_named(name);

    if (!ok(w != NULL, "t/wire/%s names a table", file)) {
        return;
    }

    snprintf(path, sizeof(path), "t/wire/%s", file);
    f = fopen(path, "r");
    all = wire_read(pool, f);
    fclose(f);

    mark = memmem(all.data, all.len, "\n=\n", 3);

    if (!ok(mark != NULL, "%s has a line \"=\"", file)) {
        return;
    }

    want = ptn_str_make(mark + 3, all.len - (size_t) (mark + 3 - all.data));
    all.len = (size_t) (mark - all.data);

    if (is_rc(wire_dump(pool, w, wire_bytes(pool, all), &text), PTN_OK,
              file))
    {
        is_mem(text, want, file);
    }
}


static void
wire_files(void)
{
    DIR            *d;
    ptn_pool_t     *pool;
    struct dirent  *e;

    d = opendir("t/wire");

    if (!ok(d != NULL, "t/wire")) {
        return;
    }

    while ((e = readdir(d)) != NULL) {
        if (strstr(e->d_name, ".hex") != NULL) {
            pool = ptn_pool_create(0, NULL);
            wire_file(pool, e->d_name);
            ptn_pool_destroy(pool);
        }
    }

    closedir(d);
}


static int
wire_tool(const char *name)
{
    u_char            *mark;
    ptn_rc_t           rc;
    ptn_str_t          in, text;
    ptn_pool_t        *pool;
    const ptn_wire_t  *w;

    w = wire_named(name);

    if (w == NULL) {
        fprintf(stderr, "wire: no structure %s\n", name);
        return 2;
    }

    pool = ptn_pool_create(0, NULL);
    in = wire_read(pool, stdin);
    mark = in.len ? memmem(in.data, in.len, "\n=\n", 3) : NULL;

    if (mark != NULL) {
        in.len = (size_t) (mark - in.data);     /* a file of t/wire */
    }

    rc = wire_dump(pool, w, wire_bytes(pool, in), &text);

    if (rc == PTN_OK) {
        fwrite(text.data, 1, text.len, stdout);

    } else {
        fprintf(stderr, "wire: %s: %s\n", name, ptn_err(rc)->name);
    }

    ptn_pool_destroy(pool);

    return rc == PTN_OK ? 0 : 1;
}


int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--dump") == 0) {
        return wire_tool(argv[2]);
    }

    wire_walk();
    wire_refused();
    wire_files();

    return done_testing();
}
