#include "ptn_err.h"


static const ptn_err_t  ptn_errors[] = {
#define PTN_ERR_ROW(name, mapi, ews, imap, smtp, http)                        \
    { #name, mapi, ews, imap, smtp, http },
    PTN_ERRORS(PTN_ERR_ROW)
#undef PTN_ERR_ROW
};


const ptn_err_t *
ptn_err(ptn_rc_t rc)
{
    if ((unsigned) rc >= PTN_RC_MAX) {
        rc = PTN_EINTERNAL;
    }

    return &ptn_errors[rc];
}
