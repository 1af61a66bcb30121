/*
 * The messages that store.c delivers: made, or read from a directory.
 */

#ifndef STORE_MIX_H
#define STORE_MIX_H


static const char *const  words[] = {
    "the", "meeting", "of", "tomorrow", "has", "been", "moved", "to",
    "another", "room", "please", "find", "attached", "what", "we", "wrote",
    "about", "budget", "and", "plans", "for", "next", "quarter", "with",
    "kind", "regards", "from", "all", "in", "office", "this", "week"
};


static uint64_t
rnd(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;

    return *seed;
}


static void
make_head(ptn_buf_t *b, uint64_t *seed, const char *type)
{
    unsigned  n;

    n = (unsigned) rnd(seed) % 1000000;

    ptn_buf_printf(b,
        "Received: from mx%u.example.org (mx.example.org [192.0.2.%u])\r\n"
        "\tby mail.example.test with ESMTPS id %08x%08x\r\n"
        "\tfor <alice@example.test>; Mon, 2 Feb 2026 10:%02u:%02u +0100\r\n"
        "From: \"Sender Number %u\" <sender%u@example.org>\r\n"
        "To: Alice <alice@example.test>, Bob <bob@example.test>\r\n"
        "Cc: Carol <carol@example.test>\r\n"
        "Subject: Re: message %u about things\r\n"
        "Date: Mon, 2 Feb 2026 10:%02u:%02u +0100\r\n"
        "Message-ID: <%u.%016llx@example.org>\r\n"
        "In-Reply-To: <%u.abcdef@example.org>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: %s\r\n\r\n",
        n % 9, n % 250, n, n * 7919, n % 60, n % 59, n % 97, n % 97, n,
        n % 60, n % 59, n, (unsigned long long) rnd(seed), n, type);
}


/* Words, with a number here and there: zstd makes a third of it. */

static void
make_text(ptn_buf_t *b, uint64_t *seed, size_t size)
{
    size_t    end, line;
    uint64_t  r;

    end = b->len + size;
    line = 0;

    while (b->len < end) {
        r = rnd(seed);

        if (r % 7 == 0) {
            ptn_buf_printf(b, "%llx ", (unsigned long long) (r >> 40));

        } else {
            ptn_buf_printf(b, "%s ", words[(r >> 8) % ptn_nelts(words)]);
        }

        if (b->len - line > 66) {
            ptn_buf_z(b, "\r\n");
            line = b->len;
        }
    }

    ptn_buf_z(b, "\r\n");
}


static void
make_base64(ptn_buf_t *b, uint64_t *seed, size_t size)
{
    size_t       i, done;
    uint64_t     r;

    static const char  set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
                               "stuvwxyz0123456789+/";

    for (done = 0; done < size; done += 78) {
        for (i = 0; i < 76; i++) {
            r = rnd(seed);
            ptn_buf_byte(b, (u_char) set[(r >> 20) & 63]);
        }

        ptn_buf_z(b, "\r\n");
    }
}


static ptn_str_t
make(ptn_pool_t *pool, uint64_t *seed, size_t size, bool attach)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);

    if (!attach) {
        make_head(&b, seed, "text/plain; charset=utf-8");
        make_text(&b, seed, size - b.len);
        return ptn_buf_get(&b);
    }

    make_head(&b, seed, "multipart/mixed; boundary=\"=_b\"");
    ptn_buf_z(&b, "--=_b\r\nContent-Type: text/plain\r\n\r\n");
    make_text(&b, seed, ptn_min(size / 8, (size_t) 4000));
    ptn_buf_z(&b, "--=_b\r\nContent-Type: application/octet-stream;"
              " name=\"a.bin\"\r\nContent-Disposition: attachment;"
              " filename=\"a.bin\"\r\nContent-Transfer-Encoding: base64"
              "\r\n\r\n");
    make_base64(&b, seed, size - b.len - 10);
    ptn_buf_z(&b, "--=_b--\r\n");

    return ptn_buf_get(&b);
}


static void
mix_make(site_t *s, mix_t *mix, const char *name, size_t size, bool attach,
    size_t n)
{
    uint64_t  seed = 88172645463325252ULL + size + attach;

    mix->name = name;
    mix->next = 0;

    for (mix->n = 0; mix->n < n; mix->n++) {
        mix->m[mix->n] = make(s->pool, &seed, size, attach);
    }
}


static ptn_str_t
slurp(ptn_pool_t *pool, const char *path, size_t size)
{
    FILE       *f;
    ptn_str_t   s;

    s.data = ptn_palloc(pool, size + 1);
    f = fopen(path, "rb");
    s.len = f ? fread(s.data, 1, size, f) : 0;

    if (f != NULL) {
        fclose(f);
    }

    return s;
}


static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}


/* *.eml, *.msg and *.txt of MAIL, in the order of their names. */

static void
mix_read(site_t *s, mix_t *mix)
{
    int              i, k, n, m;
    char             path[4096], file[8192];
    const char      *dot;
    struct stat      sb;
    struct dirent  **dirs, **files;

    mix->name = "mix";
    mix->n = 0;
    mix->next = 0;
    n = scandir(s->mail, &dirs, NULL, by_name);

    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", s->mail, dirs[i]->d_name);

        if (dirs[i]->d_name[0] == '.'
            || (m = scandir(path, &files, NULL, by_name)) < 0)
        {
            continue;
        }

        for (k = 0; k < m && mix->n < POOL_MAX; k++) {
            snprintf(file, sizeof(file), "%s/%s", path, files[k]->d_name);
            dot = strrchr(files[k]->d_name, '.');

            if (dot != NULL && (strcmp(dot, ".eml") == 0
                || strcmp(dot, ".msg") == 0 || strcmp(dot, ".txt") == 0)
                && stat(file, &sb) == 0 && S_ISREG(sb.st_mode)
                && sb.st_size >= 200 && sb.st_size <= 2000000)
            {
                mix->m[mix->n++] = slurp(s->pool, file, (size_t) sb.st_size);
            }
        }
    }

    if (mix->n == 0) {
        fprintf(stderr, "store: no messages in %s\n", s->mail);
        exit(1);
    }
}


static ptn_str_t
next(mix_t *mix)
{
    return mix->m[mix->next++ % mix->n];
}


#endif /* STORE_MIX_H */
