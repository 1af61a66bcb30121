/*
 * Every row of ptn_prop_list.h against ../shared/ref/mapi/properties.tsv:
 * name, id and type; order; look-up by tag.
 */

#include "ptn_prop.h"
#include "ptn_ref.h"
#include "ptn_test.h"


#define TSV_ROWS  1000

typedef struct {
    char      line[1024];
    char     *canonical, *names;
    uint32_t  tag;
} tsv_row_t;

static tsv_row_t  tsv[TSV_ROWS];
static size_t     tsv_n;


static void
tsv_read(void)
{
    int    i;
    char   path[4096], *p, *col[8];
    FILE  *f;

    snprintf(path, sizeof(path), "%s/mapi/properties.tsv", ptn_ref_dir());
    f = fopen(path, "r");

    while (f != NULL && tsv_n < TSV_ROWS
           && fgets(tsv[tsv_n].line, sizeof(tsv[0].line), f) != NULL)
    {
        p = tsv[tsv_n].line;
        p[strcspn(p, "\n")] = '\0';

        for (i = 0; i < 8; i++) {
            col[i] = p ? strsep(&p, "\t") : (char *) "";
        }

        tsv[tsv_n].canonical = col[0];
        tsv[tsv_n].names = col[1];
        tsv[tsv_n].tag = (uint32_t) strtoul(col[5], NULL, 16);
        tsv_n += tsv[tsv_n].tag != 0;
    }

    if (f != NULL) {
        fclose(f);
    }
}


/* Equal but for case and "_", up to a comma; `b` may be short of "ADDRESS", and
 * of the end of "Attribute", as MAPI's PR_ATTR_HIDDEN is. */

static bool
same_name(const char *a, const char *b)
{
    for ( ;; a++, b++) {
        while (*a == '_') {
            a++;
        }

        while (*b == '_') {
            b++;
        }

        if (*b == '\0' && strncasecmp(a, "address", 7) == 0) {
            a += 7;
        }

        if (strncasecmp(a, "ibute", 5) == 0 && *b != 'I') {
            a += 5;
        }

        if (*a == '\0' || *a == ',' || *b == '\0') {
            break;
        }

        if (toupper((u_char) *a) != toupper((u_char) *b)) {
            return false;
        }
    }

    return (*a == '\0' || *a == ',') && *b == '\0';
}


static bool
row_named(const tsv_row_t *row, const char *name)
{
    const char  *p;

    if (same_name(row->canonical + strlen("PidTag"), name)) {
        return true;
    }

    for (p = row->names; p != NULL && *p != '\0'; p = strchr(p, ',')) {
        p += *p == ',';

        if (strncmp(p, "PR_", 3) == 0 && same_name(p + 3, name)) {
            return true;
        }
    }

    return false;
}


int
main(void)
{
    size_t       i, k;
    int64_t      n;
    uint32_t     tag, last;
    const char  *name;

    tsv_read();
    ok(tsv_n > 800, "the table of MS-OXPROPS (%zu)", tsv_n);

    last = 0;

    for (i = 0; ptn_prop_nth(i, &tag, &name); i++) {

        for (k = 0; k < tsv_n; k++) {
            if (tsv[k].tag == tag && row_named(&tsv[k], name)) {
                break;
            }
        }

        if (k == tsv_n || tag <= last || ptn_prop_name(tag) != name) {
            ok(false, "%s 0x%08x", name, tag);
        }

        last = tag;
    }

    ok(i > 400, "rows (%zu)", i);

    is_str(ptn_str_z(ptn_prop_name(PTN_PR_SUBJECT)), "SUBJECT", "a name");
    is_str(ptn_str_z(ptn_prop_name(0x0037001e)), "SUBJECT", "of 8 bits");
    is_str(ptn_str_z(ptn_prop_name(PTN_PR_MESSAGE_SIZE_EXTENDED)),
           "MESSAGE_SIZE_EXTENDED", "one id, two types");
    ok(ptn_prop_name(0x9000001f) == NULL, "a named one has none here");
    is_str(ptn_str_z(ptn_prop_type_name(0x0037001f)), "UNICODE", "a type");
    is_str(ptn_str_z(ptn_prop_type_name(0x9000101f)), "UNICODE", "a multiple");
    ok(ptn_prop_type_name(0x00370099) == NULL, "no type");

    is_u64(PTN_PR_SUBJECT, 0x0037001f, "PidTagSubject");
    is_u64(PTN_PR_HTML, 0x10130102, "PidTagHtml");
    is_u64(ptn_prop_size(PTN_PR_IMPORTANCE), 4, "a LONG");
    is_u64(ptn_prop_size(0x90001003), 0, "several");
    ok(ptn_prop_int(PTN_PR_IMPORTANCE, ptn_str("\xff\xff\xff\xff"), &n)
       && n == -1, "a sign");
    ok(!ptn_prop_int(PTN_PR_IMPORTANCE, ptn_str("\1"), &n), "a cut value");

    return done_testing();
}
