/*
 * Control words of RTF 1.9.1 and MS-OXRTFEX that a mail's body needs; any
 * other is ignored, any other destination behind \* is skipped.
 */

#include "ptn_rtf_in.h"


#define PTN_RTF_SKIPPED(name)  { name, PTN_RTF_INTO, PTN_RTF_IN_SKIP }

/* In the order of their bytes. */
static const ptn_rtf_word_t  ptn_rtf_words[] = {
    { "ansi",        PTN_RTF_SET,   PTN_RTF_SET_ANSI },
    { "ansicpg",     PTN_RTF_SET,   PTN_RTF_SET_ANSICPG },
    PTN_RTF_SKIPPED("atnid"),
    { "b",           PTN_RTF_FLAG,  PTN_RTF_BOLD },
    { "bin",         PTN_RTF_SET,   PTN_RTF_SET_BIN },
    { "blue",        PTN_RTF_SET,   PTN_RTF_SET_BLUE },
    { "bullet",      PTN_RTF_CHAR,  0x2022 },
    { "cb",          PTN_RTF_SET,   PTN_RTF_SET_BACK },
    { "cell",        PTN_RTF_EVENT, PTN_RTF_CELL },
    { "cellx",       PTN_RTF_SET,   PTN_RTF_SET_CELLX },
    { "cf",          PTN_RTF_SET,   PTN_RTF_SET_COLOR },
    { "chcbpat",     PTN_RTF_SET,   PTN_RTF_SET_BACK },
    { "clmrg",       PTN_RTF_SET,   PTN_RTF_SET_MERGED },
    { "colortbl",    PTN_RTF_INTO,  PTN_RTF_IN_COLORS },
    PTN_RTF_SKIPPED("comment"),
    { "cpg",         PTN_RTF_SET,   PTN_RTF_SET_CPG },
    { "deff",        PTN_RTF_SET,   PTN_RTF_SET_DEFF },
    { "emdash",      PTN_RTF_CHAR,  0x2014 },
    { "emspace",     PTN_RTF_CHAR,  0x2003 },
    { "endash",      PTN_RTF_CHAR,  0x2013 },
    { "enspace",     PTN_RTF_CHAR,  0x2002 },
    { "f",           PTN_RTF_SET,   PTN_RTF_SET_FONT },
    { "fcharset",    PTN_RTF_SET,   PTN_RTF_SET_CHARSET },
    { "fi",          PTN_RTF_SET,   PTN_RTF_SET_FIRST },
    { "field",       PTN_RTF_INTO,  PTN_RTF_INTO_FIELD },
    { "fldinst",     PTN_RTF_INTO,  PTN_RTF_IN_INST },
    { "fldrslt",     PTN_RTF_INTO,  PTN_RTF_INTO_SAME },
    { "fmodern",     PTN_RTF_SET,   PTN_RTF_SET_FMODERN },
    { "fonttbl",     PTN_RTF_INTO,  PTN_RTF_IN_FONTS },
    PTN_RTF_SKIPPED("footer"),
    PTN_RTF_SKIPPED("footerf"),
    PTN_RTF_SKIPPED("footerl"),
    PTN_RTF_SKIPPED("footerr"),
    PTN_RTF_SKIPPED("footnote"),
    { "froman",      PTN_RTF_SET,   PTN_RTF_SET_FROMAN },
    { "fs",          PTN_RTF_SET,   PTN_RTF_SET_SIZE },
    { "fswiss",      PTN_RTF_SET,   PTN_RTF_SET_FSWISS },
    { "green",       PTN_RTF_SET,   PTN_RTF_SET_GREEN },
    PTN_RTF_SKIPPED("header"),
    PTN_RTF_SKIPPED("headerf"),
    PTN_RTF_SKIPPED("headerl"),
    PTN_RTF_SKIPPED("headerr"),
    { "highlight",   PTN_RTF_SET,   PTN_RTF_SET_BACK },
    { "htmlrtf",     PTN_RTF_SET,   PTN_RTF_SET_HTMLRTF },
    { "htmltag",     PTN_RTF_INTO,  PTN_RTF_IN_TAG },
    { "i",           PTN_RTF_FLAG,  PTN_RTF_ITALIC },
    PTN_RTF_SKIPPED("info"),
    { "intbl",       PTN_RTF_SET,   PTN_RTF_SET_INTBL },
    { "itap",        PTN_RTF_SET,   PTN_RTF_SET_ITAP },
    { "ldblquote",   PTN_RTF_CHAR,  0x201c },
    { "li",          PTN_RTF_SET,   PTN_RTF_SET_LEFT },
    { "lin",         PTN_RTF_SET,   PTN_RTF_SET_LEFT },
    { "line",        PTN_RTF_EVENT, PTN_RTF_LINE },
    PTN_RTF_SKIPPED("listoverridetable"),
    PTN_RTF_SKIPPED("listtable"),
    { "listtext",    PTN_RTF_INTO,  PTN_RTF_IN_MARKER },
    { "lquote",      PTN_RTF_CHAR,  0x2018 },
    { "ltrch",       PTN_RTF_SET,   PTN_RTF_SET_LTRCH },
    { "ltrmark",     PTN_RTF_CHAR,  0x200e },
    { "ltrpar",      PTN_RTF_SET,   PTN_RTF_SET_LTRPAR },
    { "ltrrow",      PTN_RTF_SET,   PTN_RTF_SET_LTRROW },
    { "mac",         PTN_RTF_SET,   PTN_RTF_SET_MAC },
    PTN_RTF_SKIPPED("mhtmltag"),
    { "nestcell",    PTN_RTF_EVENT, PTN_RTF_NESTCELL },
    { "nestrow",     PTN_RTF_EVENT, PTN_RTF_NESTROW },
    { "nesttableprops", PTN_RTF_INTO, PTN_RTF_INTO_SAME },
    PTN_RTF_SKIPPED("nonesttables"),
    PTN_RTF_SKIPPED("nonshppict"),
    { "nosupersub",  PTN_RTF_SET,   PTN_RTF_SET_NOSUPERSUB },
    { "objattph",    PTN_RTF_EVENT, PTN_RTF_ATTACH },
    PTN_RTF_SKIPPED("objclass"),
    PTN_RTF_SKIPPED("objdata"),
    PTN_RTF_SKIPPED("objname"),
    { "page",        PTN_RTF_EVENT, PTN_RTF_PAR },
    { "par",         PTN_RTF_EVENT, PTN_RTF_PAR },
    { "pard",        PTN_RTF_SET,   PTN_RTF_SET_PARD },
    { "pc",          PTN_RTF_SET,   PTN_RTF_SET_PC },
    { "pca",         PTN_RTF_SET,   PTN_RTF_SET_PCA },
    PTN_RTF_SKIPPED("pict"),
    { "plain",       PTN_RTF_SET,   PTN_RTF_SET_PLAIN },
    PTN_RTF_SKIPPED("pn"),
    { "pntext",      PTN_RTF_INTO,  PTN_RTF_IN_MARKER },
    PTN_RTF_SKIPPED("private1"),
    { "qc",          PTN_RTF_SET,   PTN_RTF_SET_QC },
    { "qj",          PTN_RTF_SET,   PTN_RTF_SET_QJ },
    { "ql",          PTN_RTF_SET,   PTN_RTF_SET_QL },
    { "qmspace",     PTN_RTF_CHAR,  0x2005 },
    { "qr",          PTN_RTF_SET,   PTN_RTF_SET_QR },
    { "rdblquote",   PTN_RTF_CHAR,  0x201d },
    { "red",         PTN_RTF_SET,   PTN_RTF_SET_RED },
    PTN_RTF_SKIPPED("revtbl"),
    { "ri",          PTN_RTF_SET,   PTN_RTF_SET_RIGHT },
    { "rin",         PTN_RTF_SET,   PTN_RTF_SET_RIGHT },
    { "row",         PTN_RTF_EVENT, PTN_RTF_ROW },
    { "rquote",      PTN_RTF_CHAR,  0x2019 },
    { "rtlch",       PTN_RTF_SET,   PTN_RTF_SET_RTLCH },
    { "rtlmark",     PTN_RTF_CHAR,  0x200f },
    { "rtlpar",      PTN_RTF_SET,   PTN_RTF_SET_RTLPAR },
    { "rtlrow",      PTN_RTF_SET,   PTN_RTF_SET_RTLROW },
    PTN_RTF_SKIPPED("rxe"),
    { "sa",          PTN_RTF_SET,   PTN_RTF_SET_SPACE_AFTER },
    { "sb",          PTN_RTF_SET,   PTN_RTF_SET_SPACE_BEFORE },
    { "sect",        PTN_RTF_EVENT, PTN_RTF_PAR },
    { "shpinst",     PTN_RTF_INTO,  PTN_RTF_INTO_HOLDER },
    PTN_RTF_SKIPPED("shppict"),
    PTN_RTF_SKIPPED("shprslt"),
    { "shptxt",      PTN_RTF_INTO,  PTN_RTF_INTO_HELD },
    { "strike",      PTN_RTF_FLAG,  PTN_RTF_STRIKE },
    { "striked",     PTN_RTF_FLAG,  PTN_RTF_STRIKE },
    PTN_RTF_SKIPPED("stylesheet"),
    { "sub",         PTN_RTF_FLAG,  PTN_RTF_SUB },
    { "super",       PTN_RTF_FLAG,  PTN_RTF_SUPER },
    { "tab",         PTN_RTF_EVENT, PTN_RTF_TAB },
    PTN_RTF_SKIPPED("tc"),
    { "trowd",       PTN_RTF_EVENT, PTN_RTF_TROWD },
    PTN_RTF_SKIPPED("txe"),
    { "u",           PTN_RTF_SET,   PTN_RTF_SET_U },
    { "uc",          PTN_RTF_SET,   PTN_RTF_SET_UC },
    { "ud",          PTN_RTF_INTO,  PTN_RTF_INTO_HELD },
    { "ul",          PTN_RTF_FLAG,  PTN_RTF_UNDERLINE },
    { "uld",         PTN_RTF_FLAG,  PTN_RTF_UNDERLINE },
    { "uldash",      PTN_RTF_FLAG,  PTN_RTF_UNDERLINE },
    { "uldb",        PTN_RTF_FLAG,  PTN_RTF_UNDERLINE },
    { "ulnone",      PTN_RTF_SET,   PTN_RTF_SET_ULNONE },
    { "ulth",        PTN_RTF_FLAG,  PTN_RTF_UNDERLINE },
    { "ulw",         PTN_RTF_FLAG,  PTN_RTF_UNDERLINE },
    { "ulwave",      PTN_RTF_FLAG,  PTN_RTF_UNDERLINE },
    { "upr",         PTN_RTF_INTO,  PTN_RTF_INTO_HOLDER },
    { "v",           PTN_RTF_FLAG,  PTN_RTF_HIDDEN },
    PTN_RTF_SKIPPED("xe"),
    { "zwbo",        PTN_RTF_CHAR,  0x200b },
    { "zwj",         PTN_RTF_CHAR,  0x200d },
    { "zwnbo",       PTN_RTF_CHAR,  0x2060 },
    { "zwnj",        PTN_RTF_CHAR,  0x200c },
};


const ptn_rtf_word_t *
ptn_rtf_word(const u_char *p, size_t len)
{
    int     cmp;
    size_t  lo, hi, mid;

    lo = 0;
    hi = ptn_nelts(ptn_rtf_words);

    while (lo < hi) {
        mid = (lo + hi) / 2;
        cmp = strncmp(ptn_rtf_words[mid].name, (const char *) p, len);

        if (cmp == 0 && ptn_rtf_words[mid].name[len] != '\0') {
            cmp = 1;
        }

        if (cmp == 0) {
            return &ptn_rtf_words[mid];
        }

        if (cmp < 0) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return NULL;
}
