/*
 * The second half of ptn_sim.h, which includes it: from a record to the disks
 * that a power failure may leave, at every point.
 */

#ifndef PTN_SIM_DISK_H
#define PTN_SIM_DISK_H


/*
 * NULL: the disk is as it has to be; else what is wrong.  `dir` is the root of
 * the disk; the check may change it.
 */
typedef const char *(*ptn_sim_check_pt)(void *ctx, const char *dir,
    unsigned marks);

typedef struct {
    size_t    points;           /* where the power failed */
    size_t    images;           /* disks built */
    size_t    checked;          /* different ones */
    bool      bad;
    size_t    bad_point;
    char      bad_image[64];
    char      bad_why[512];
} ptn_sim_result_t;


/* --- disks --------------------------------------------------------------- */

typedef enum {
    PTN_SIM_IMG_NONE,           /* nothing that was not synced */
    PTN_SIM_IMG_ALL,
    PTN_SIM_IMG_DATA,           /* all data, no names */
    PTN_SIM_IMG_NAMES,          /* all names, no data */
    PTN_SIM_IMG_ZERO,           /* all names, zeros for data */
    PTN_SIM_IMG_DROP,           /* all but one */
    PTN_SIM_IMG_ONLY,           /* that one, and all names */
    PTN_SIM_IMG_TORN_512,       /* all, that one torn */
    PTN_SIM_IMG_TORN_4096,
    PTN_SIM_IMG_RANDOM
} ptn_sim_image_e;


typedef struct {
    ptn_sim_image_e  kind;
    size_t           arg;       /* which pending event, or the seed */
} ptn_sim_image_t;


static inline uint64_t
ptn_sim_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;

    return *state;
}


static inline void
ptn_sim_grow(ptn_sim_inode_t *f, size_t len)
{
    if (len > f->cap) {
        f->cap = ptn_max(len, f->cap * 2);
        f->data = realloc(f->data, f->cap);
    }

    if (len > f->len) {
        memset(f->data + f->len, 0, len - f->len);
        f->len = len;
    }
}


/* `keep` of the bytes reach the disk. */
static inline void
ptn_sim_apply(ptn_sim_inode_t *inodes, const ptn_sim_ev_t *e, size_t keep)
{
    ptn_sim_inode_t  *f;

    f = &inodes[e->inode];

    switch (e->op) {

    case PTN_SIM_ADD:
        ptn_sim_set(f, e->name, e->target);
        break;

    case PTN_SIM_DEL:
        ptn_sim_unset(f, e->name);
        break;

    case PTN_SIM_WRITE:
        if (keep != 0) {
            ptn_sim_grow(f, (size_t) e->off + keep);
            memcpy(f->data + e->off, e->data, keep);
        }
        break;

    case PTN_SIM_TRUNCATE:
        ptn_sim_grow(f, (size_t) e->off);
        f->len = (size_t) e->off;
        break;

    default:
        break;
    }
}


/*
 * Which of the first `point` events are durable: durable[i] is set; the others
 * that change something are listed in pending.
 */
static inline size_t
ptn_sim_durable(const ptn_sim_t *sim, size_t point, uint32_t ignore,
    bool *durable, size_t *pending)
{
    bool          *synced;
    size_t         i, n;
    ptn_sim_ev_t  *e;

    synced = calloc(sim->ninodes, sizeof(bool));

    for (i = point; i-- > 0; ) {
        e = &sim->ev[i];

        if (e->op == PTN_SIM_SYNC || e->op == PTN_SIM_SYNC_DIR) {
            if (e->site == PTN_SIM_BASE || i < sim->ignore_from
                || !(ignore & 1u << e->site)
                || (sim->ignore_caller != NULL
                    && e->caller != sim->ignore_caller))
            {
                synced[e->inode] = true;
            }
        }

        durable[i] = e->op < PTN_SIM_SYNC && synced[e->inode];
    }

    free(synced);

    for (i = 0, n = 0; i < point; i++) {
        e = &sim->ev[i];

        /* the old name is not gone before the new one is there */

        if (e->joined && durable[i] != durable[i - 1]) {
            if (durable[i]) {
                durable[i - 1] = true;
                pending[n - 1] = i;
                n--;
            }
        }

        if (e->op < PTN_SIM_SYNC && !durable[i]) {
            pending[n++] = i;
        }
    }

    return n;
}


/* How many bytes of a pending event's data are there; 0 of a name: it is not;
 * SIZE_MAX: zeros. */
static inline size_t
ptn_sim_keep(const ptn_sim_ev_t *e, const ptn_sim_image_t *img, size_t k,
    uint64_t *seed)
{
    bool    name;
    size_t  all, unit;

    name = e->op == PTN_SIM_ADD || e->op == PTN_SIM_DEL;
    all = e->op == PTN_SIM_WRITE ? e->n : 1;

    switch (img->kind) {

    case PTN_SIM_IMG_NONE:
        return 0;

    case PTN_SIM_IMG_ALL:
        return all;

    case PTN_SIM_IMG_DATA:
        return name ? 0 : all;

    case PTN_SIM_IMG_NAMES:
        return name ? all : 0;

    case PTN_SIM_IMG_ZERO:
        return name ? all : e->op == PTN_SIM_WRITE ? SIZE_MAX : 0;

    case PTN_SIM_IMG_DROP:
        return k == img->arg ? 0 : all;

    case PTN_SIM_IMG_ONLY:
        return k == img->arg || name ? all : 0;

    case PTN_SIM_IMG_TORN_512:
    case PTN_SIM_IMG_TORN_4096:
        unit = img->kind == PTN_SIM_IMG_TORN_512 ? 512 : 4096;

        if (k != img->arg || e->op != PTN_SIM_WRITE) {
            return all;
        }

        return e->n > unit ? (e->n - 1) / unit / 2 * unit + unit : e->n / 2;

    case PTN_SIM_IMG_RANDOM:
        switch (ptn_sim_random(seed) % 8) {
        case 0: case 1: case 2:
            return 0;
        case 3:
            return e->op == PTN_SIM_WRITE
                   ? ptn_sim_random(seed) % (e->n / 512 + 1) * 512 : all;
        default:
            return all;
        }
    }

    return all;
}


static inline ptn_sim_inode_t *
ptn_sim_image(const ptn_sim_t *sim, size_t point, const bool *durable,
    const size_t *pending, size_t npending, const ptn_sim_image_t *img)
{
    bool              with;
    size_t            i, k, keep;
    uint64_t          seed;
    ptn_sim_ev_t     *e;
    ptn_sim_inode_t  *inodes;

    inodes = calloc(sim->ninodes, sizeof(ptn_sim_inode_t));
    seed = img->arg * 0x9e3779b97f4a7c15ULL + 88172645463325252ULL;
    with = true;
    k = 0;

    for (i = 0; i < sim->ninodes; i++) {
        inodes[i].dir = sim->inodes[i].dir;
    }

    for (i = 0; i < point; i++) {
        e = &sim->ev[i];

        if (durable[i]) {
            ptn_sim_apply(inodes, e, e->n);
            with = true;
            continue;
        }

        if (k == npending || pending[k] != i) {
            continue;
        }

        keep = ptn_sim_keep(e, img, k++, &seed);

        if (e->joined) {
            keep = with ? 1 : 0;
        }

        with = keep != 0;

        if (keep == SIZE_MAX) {
            ptn_sim_grow(&inodes[e->inode], (size_t) e->off + e->n);

        } else if (keep != 0) {
            ptn_sim_apply(inodes, e, ptn_min(keep, e->n));
        }
    }

    return inodes;
}


static inline uint64_t
ptn_sim_hash(uint64_t h, const void *p, size_t n)
{
    uint64_t       w;
    const u_char  *s = p;

    for ( /* void */ ; n >= 8; s += 8, n -= 8) {
        memcpy(&w, s, 8);
        h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 29;
    }

    while (n-- > 0) {
        h = (h ^ *s++) * 0x100000001b3ULL;
    }

    return h;
}


static inline bool
ptn_sim_shm(const char *name)
{
    size_t  n;

    n = strlen(name);

    return n > 4 && strcmp(name + n - 4, "-shm") == 0;
}


/* A sum over the tree, whatever the order of the names. */
static inline uint64_t
ptn_sim_digest(const ptn_sim_inode_t *inodes, uint32_t inode)
{
    uint32_t                i;
    uint64_t                sum, h;
    const ptn_sim_inode_t  *f;

    f = &inodes[inode];

    if (!f->dir) {
        return ptn_sim_hash(f->len + 1, f->data, f->len);
    }

    sum = 1;

    for (i = 0; i < f->n; i++) {
        h = ptn_sim_hash(77, f->entries[i].name, strlen(f->entries[i].name));
        sum += ptn_sim_hash(h, &(uint64_t) {
                                ptn_sim_digest(inodes, f->entries[i].inode) },
                            8);
    }

    return sum;
}


/* False: it could not be laid out. */
static inline bool
ptn_sim_lay(const ptn_sim_inode_t *inodes, uint32_t inode, const char *path)
{
    int                     fd;
    char                    sub[PTN_SIM_PATH];
    bool                    good;
    uint32_t                i;
    const ptn_sim_inode_t  *f;

    f = &inodes[inode];

    if (!f->dir) {
        fd = open(path, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);
        good = fd != -1 && ptn_io_write_all(&ptn_io_posix, fd, f->data, f->len,
                                            0) == 0;
        if (fd != -1) {
            close(fd);
        }
        return good;
    }

    if (mkdir(path, 0700) == -1 && errno != EEXIST) {
        return false;
    }

    for (i = 0; i < f->n; i++) {
        if (ptn_sim_shm(f->entries[i].name)) {
            continue;
        }

        snprintf(sub, sizeof(sub), "%s/%s", path, f->entries[i].name);

        if (!ptn_sim_lay(inodes, f->entries[i].inode, sub)) {
            return false;
        }
    }

    return true;
}


static inline int
ptn_sim_remove_one(const char *path, const struct stat *st PTN_UNUSED,
    int type PTN_UNUSED, struct FTW *ftw PTN_UNUSED)
{
    return remove(path);
}


/* rm -r */
static inline void
ptn_sim_remove(const char *path)
{
    nftw(path, ptn_sim_remove_one, 16, FTW_DEPTH|FTW_PHYS);
}


/* A new directory for a test, in memory where there is such a file system. */
static inline char *
ptn_sim_tmp(void)
{
    char  path[64];

    strcpy(path, "/dev/shm/postern-sim-XXXXXX");

    if (mkdtemp(path) == NULL) {
        strcpy(path, "/tmp/postern-sim-XXXXXX");

        if (mkdtemp(path) == NULL) {
            return NULL;
        }
    }

    return strdup(path);
}


/* --- all points ---------------------------------------------------------- */

typedef struct {
    ptn_sim_t         *sim;
    uint32_t           ignore;
    ptn_sim_check_pt   check;
    void              *ctx;
    char              *dir;
    bool              *durable;
    size_t            *pending;
    size_t             npending;
    ptn_sim_set_t      seen;            /* digests */
    ptn_sim_result_t  *res;
} ptn_sim_run_t;


/* Where it is, or would be; `size` not 0. */

static inline uint64_t *
ptn_sim_place_of(const ptn_sim_set_t *set, uint64_t v)
{
    size_t  k;

    k = v % set->size;

    while (set->v[k] != 0 && set->v[k] != v) {
        k = (k + 1) % set->size;
    }

    return &set->v[k];
}


static inline bool
ptn_sim_has(const ptn_sim_set_t *set, uint64_t v)
{
    v += v == 0;

    return set->size != 0 && *ptn_sim_place_of(set, v) == v;
}


/* false: it was there. */

static inline bool
ptn_sim_put(ptn_sim_set_t *set, uint64_t v)
{
    size_t         i;
    uint64_t      *at;
    ptn_sim_set_t  old;

    v += v == 0;

    if (set->n * 2 >= set->size) {
        old = *set;
        set->size = old.size ? old.size * 2 : 4096;
        set->v = calloc(set->size, sizeof(uint64_t));

        for (i = 0; i < old.size; i++) {
            if (old.v[i] != 0) {
                *ptn_sim_place_of(set, old.v[i]) = old.v[i];
            }
        }

        free(old.v);
    }

    at = ptn_sim_place_of(set, v);

    if (*at == v) {
        return false;
    }

    *at = v;
    set->n++;

    return true;
}


static inline void
ptn_sim_try(ptn_sim_run_t *r, size_t point, unsigned marks,
    ptn_sim_image_e kind, size_t arg)
{
    char               *p;
    bool                recording;
    uint64_t            digest;
    const char         *why;
    ptn_sim_image_t     img;
    ptn_sim_inode_t    *inodes;
    static const char  *kinds[] = {
        "nothing unsynced", "everything", "data without names",
        "names without data", "names and zeros", "one missing", "only one",
        "torn at 512", "torn at 4096", "random"
    };

    if (r->res->bad) {
        return;
    }

    img.kind = kind;
    img.arg = arg;

    inodes = ptn_sim_image(r->sim, point, r->durable, r->pending, r->npending,
                           &img);
    r->res->images++;

    digest = ptn_sim_digest(inodes, 0) * 31 + marks;

    if (!ptn_sim_put(&r->seen, digest)) {
        ptn_sim_free_inodes(inodes, r->sim->ninodes);
        return;
    }

    r->res->checked++;

    if ((r->sim->every > 1
         && r->sim->disks++ % r->sim->every != r->sim->phase)
        || (r->sim->keep && ptn_sim_has(&r->sim->good, digest)))
    {
        ptn_sim_free_inodes(inodes, r->sim->ninodes);
        return;
    }

    r->sim->looked++;
    ptn_sim_remove(r->dir);

    recording = r->sim->recording;
    r->sim->recording = false;

    why = ptn_sim_lay(inodes, 0, r->dir)
          ? r->check(r->ctx, r->dir, marks) : "the disk was not laid out";

    r->sim->recording = recording;
    ptn_sim_free_inodes(inodes, r->sim->ninodes);

    if (why == NULL && r->sim->keep) {
        (void) ptn_sim_put(&r->sim->good, digest);
    }

    if (why != NULL) {
        r->res->bad = true;
        r->res->bad_point = point;
        snprintf(r->res->bad_image, sizeof(r->res->bad_image), "%s (%zu)",
                 kinds[kind], arg);
        snprintf(r->res->bad_why, sizeof(r->res->bad_why), "%s", why);

        for (p = r->res->bad_why; *p != '\0'; p++) {
            *p = *p == '\n' ? ' ' : *p;
        }
    }
}


static inline unsigned
ptn_sim_env(const char *name, unsigned usual)
{
    const char  *s;

    s = getenv(name);

    return s ? (unsigned) atoi(s) : usual;
}


/*
 * Fails the power at every point from event `from` on.  `ignore`: bits of
 * sites whose syncs have no effect.  `random`: random disks a point; by
 * POWER_RANDOM more, by POWER_SEED others.  Stops at the first bad one.
 */
static inline void
ptn_sim_run(ptn_sim_t *sim, size_t from, uint32_t ignore, unsigned random,
    ptn_sim_check_pt check, void *ctx, ptn_sim_result_t *res)
{
    bool           edge;
    size_t         point, i, step, k, seed;
    unsigned       marks;
    ptn_sim_run_t  r;

    memset(res, 0, sizeof(ptn_sim_result_t));
    memset(&r, 0, sizeof(ptn_sim_run_t));

    r.sim = sim;
    r.ignore = ignore;
    r.check = check;
    r.ctx = ctx;
    r.res = res;
    r.dir = ptn_sim_tmp();
    r.durable = malloc((sim->n + 1) * sizeof(bool));
    r.pending = malloc((sim->n + 1) * sizeof(size_t));
    random = ptn_sim_env("POWER_RANDOM", random);
    seed = (size_t) ptn_sim_env("POWER_SEED", 0) << 32;
    marks = 0;

    for (point = 0; point <= sim->n && !res->bad; point++) {

        if (point > 0 && sim->ev[point - 1].op == PTN_SIM_MARK) {
            marks++;
        }

        if (point < ptn_max(from, sim->base)
            || (point < sim->n && sim->ev[point].joined))
        {
            continue;
        }

        res->points++;
        r.npending = ptn_sim_durable(sim, point, ignore, r.durable, r.pending);

        ptn_sim_try(&r, point, marks, PTN_SIM_IMG_NONE, 0);
        ptn_sim_try(&r, point, marks, PTN_SIM_IMG_ALL, 0);

        if (r.npending == 0) {
            continue;
        }

        ptn_sim_try(&r, point, marks, PTN_SIM_IMG_TORN_512, r.npending - 1);
        ptn_sim_try(&r, point, marks, PTN_SIM_IMG_TORN_4096, r.npending - 1);

        /* before a sync or an acknowledgement the most is at stake */

        edge = point == sim->n || sim->ev[point].op >= PTN_SIM_SYNC
               || (point > 0 && sim->ev[point - 1].op == PTN_SIM_MARK);

        for (i = 0; i < random; i++) {
            ptn_sim_try(&r, point, marks, PTN_SIM_IMG_RANDOM,
                        seed + point * 64 + i);
            if (!edge) {
                break;
            }
        }

        if (!edge) {
            continue;
        }

        ptn_sim_try(&r, point, marks, PTN_SIM_IMG_DATA, 0);
        ptn_sim_try(&r, point, marks, PTN_SIM_IMG_NAMES, 0);
        ptn_sim_try(&r, point, marks, PTN_SIM_IMG_ZERO, 0);

        step = r.npending / (4 * random + 4) + 1;

        for (i = 0; i < r.npending; i += step) {
            k = ptn_min(i + point % step, r.npending - 1);
            ptn_sim_try(&r, point, marks, PTN_SIM_IMG_DROP, k);
            ptn_sim_try(&r, point, marks, PTN_SIM_IMG_ONLY, k);
        }
    }

    ptn_sim_remove(r.dir);
    free(r.dir);
    free(r.durable);
    free(r.pending);
    free(r.seen.v);
}


#endif /* PTN_SIM_DISK_H */
