#include "ptn_rtf.h"
ptn_rc_t ptn_rtf_from_html(ptn_pool_t *pool, ptn_str_t html, ptn_str_t *ret_rtf) { (void) pool; (void) html; (void) ret_rtf; return PTN_ESUPPORT; }
ptn_rc_t ptn_rtf_from_text(ptn_pool_t *pool, ptn_str_t html, ptn_str_t *ret_rtf) { (void) pool; (void) html; (void) ret_rtf; return PTN_ESUPPORT; }
