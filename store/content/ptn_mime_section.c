#include "ptn_mime_header.h"


/*
 * Part `n` of a whole message: a child of its multipart; part 1 of any other
 * message is its body, which the tree keeps in the same node as its header.
 */
static const ptn_mime_part_t *
ptn_mime_section_of_message(const ptn_mime_part_t *msg, uint32_t n)
{
    const ptn_mime_part_t  *part;

    if (msg->kind != PTN_MIME_MULTIPART) {
        return n == 1 ? msg : NULL;
    }

    for (part = msg->child; part != NULL && n > 1; n--) {
        part = part->next;
    }

    return n == 1 ? part : NULL;
}


const ptn_mime_part_t *
ptn_mime_section(const ptn_mime_t *mime, const uint32_t *numbers, unsigned n)
{
    unsigned                i;
    const ptn_mime_part_t  *part;

    part = mime->root;

    for (i = 0; i < n && part != NULL; i++) {

        if (i == 0 || part->kind == PTN_MIME_MULTIPART) {
            part = ptn_mime_section_of_message(part, numbers[i]);

        } else if (part->kind == PTN_MIME_MESSAGE) {
            part = ptn_mime_section_of_message(part->child, numbers[i]);

        } else {
            part = NULL;
        }
    }

    return part;
}
