#include "ptn_ews.h"


/*
 * t:PermissionSet and t:EffectiveRights of folders (MS-OXWSFOLD 2.2.4.15,
 * 2.2.4.4; MS-OXWSCDATA).  The list is the store's; here are its words.
 * Bits of free/busy are those of the mailbox's calendar alone.
 */

#define PTN_EWS_READ  (PTN_RIGHT_READ_ANY|PTN_RIGHTS_FREEBUSY)

/*
 * Elements of t:BasePermissionType and its kin in the order of the schema.
 * value "true": a boolean.  An element says `set` of the bits in `mask`, and is
 * told by its first row whose `told` is there.
 */
typedef struct {
    const char  *element;
    const char  *value;
    uint32_t     mask, set, told;
    bool         calendar;              /* of calendars alone */
} ptn_ews_right_t;

static const ptn_ews_right_t  ptn_ews_rights[] = {
    { "t:CanCreateItems", "true", PTN_RIGHT_CREATE, PTN_RIGHT_CREATE,
      PTN_RIGHT_CREATE, false },
    { "t:CanCreateSubFolders", "true", PTN_RIGHT_CREATE_SUBFOLDER,
      PTN_RIGHT_CREATE_SUBFOLDER, PTN_RIGHT_CREATE_SUBFOLDER, false },
    { "t:IsFolderOwner", "true", PTN_RIGHT_OWNER, PTN_RIGHT_OWNER,
      PTN_RIGHT_OWNER, false },
    { "t:IsFolderVisible", "true", PTN_RIGHT_VISIBLE, PTN_RIGHT_VISIBLE,
      PTN_RIGHT_VISIBLE, false },
    { "t:IsFolderContact", "true", PTN_RIGHT_CONTACT, PTN_RIGHT_CONTACT,
      PTN_RIGHT_CONTACT, false },

    { "t:EditItems", "All", PTN_RIGHT_EDIT_ANY|PTN_RIGHT_EDIT_OWNED,
      PTN_RIGHT_EDIT_ANY|PTN_RIGHT_EDIT_OWNED, PTN_RIGHT_EDIT_ANY, false },
    { "t:EditItems", "Owned", PTN_RIGHT_EDIT_ANY|PTN_RIGHT_EDIT_OWNED,
      PTN_RIGHT_EDIT_OWNED, PTN_RIGHT_EDIT_OWNED, false },
    { "t:EditItems", "None", PTN_RIGHT_EDIT_ANY|PTN_RIGHT_EDIT_OWNED, 0, 0,
      false },

    { "t:DeleteItems", "All", PTN_RIGHT_DELETE_ANY|PTN_RIGHT_DELETE_OWNED,
      PTN_RIGHT_DELETE_ANY|PTN_RIGHT_DELETE_OWNED, PTN_RIGHT_DELETE_ANY,
      false },
    { "t:DeleteItems", "Owned", PTN_RIGHT_DELETE_ANY|PTN_RIGHT_DELETE_OWNED,
      PTN_RIGHT_DELETE_OWNED, PTN_RIGHT_DELETE_OWNED, false },
    { "t:DeleteItems", "None", PTN_RIGHT_DELETE_ANY|PTN_RIGHT_DELETE_OWNED, 0,
      0, false },

    { "t:ReadItems", "FullDetails", PTN_EWS_READ, PTN_EWS_READ,
      PTN_RIGHT_READ_ANY, false },
    { "t:ReadItems", "TimeAndSubjectAndLocation", PTN_EWS_READ,
      PTN_RIGHTS_FREEBUSY, PTN_RIGHT_FREEBUSY_DETAILED, true },
    { "t:ReadItems", "TimeOnly", PTN_EWS_READ, PTN_RIGHT_FREEBUSY_SIMPLE,
      PTN_RIGHT_FREEBUSY_SIMPLE, true },
    { "t:ReadItems", "None", PTN_EWS_READ, 0, 0, false },
};


/* PermissionLevel; FolderContact does not count, and free/busy bits not where
 * there are others. */

#define PTN_EWS_LEVEL(name, rights)  { name, (rights), false }

typedef struct {
    const char  *name;
    uint32_t     rights;
    bool         calendar;
} ptn_ews_level_t;

static const ptn_ews_level_t  ptn_ews_levels[] = {
    PTN_EWS_LEVEL("Owner", PTN_ROLE_OWNER),
    PTN_EWS_LEVEL("PublishingEditor",
                  PTN_ROLE_EDITOR|PTN_RIGHT_CREATE_SUBFOLDER),
    PTN_EWS_LEVEL("Editor", PTN_ROLE_EDITOR),
    PTN_EWS_LEVEL("PublishingAuthor",
                  PTN_ROLE_AUTHOR|PTN_RIGHT_CREATE_SUBFOLDER),
    PTN_EWS_LEVEL("Author", PTN_ROLE_AUTHOR),
    PTN_EWS_LEVEL("NoneditingAuthor",
                  PTN_ROLE_AUTHOR & ~(uint32_t) PTN_RIGHT_EDIT_OWNED),
    PTN_EWS_LEVEL("Reviewer", PTN_ROLE_REVIEWER),
    PTN_EWS_LEVEL("Contributor", PTN_RIGHT_CREATE|PTN_RIGHT_VISIBLE),
    { "FreeBusyTimeAndSubjectAndLocation", PTN_RIGHTS_FREEBUSY, true },
    { "FreeBusyTimeOnly", PTN_RIGHT_FREEBUSY_SIMPLE, true },
    PTN_EWS_LEVEL("None", 0),
};


static const char *
ptn_ews_level_of(uint32_t rights, bool calendar)
{
    size_t                  i;
    uint32_t                r;
    const ptn_ews_level_t  *l;

    r = rights & ~(uint32_t) PTN_RIGHT_CONTACT;

    if (!calendar || (r & ~(uint32_t) PTN_RIGHTS_FREEBUSY) != 0) {
        r &= ~(uint32_t) PTN_RIGHTS_FREEBUSY;
    }

    for (i = 0; i < ptn_nelts(ptn_ews_levels); i++) {
        l = &ptn_ews_levels[i];

        if ((l->rights & ~(uint32_t) PTN_RIGHT_CONTACT) == r
            && (calendar || !l->calendar))
        {
            return l->name;
        }
    }

    return "Custom";
}


bool
ptn_ews_is_calendar(const ptn_folder_t *folder)
{
    return ptn_ews_change_key_folder(folder->cls, folder->search)
           == PTN_EWS_CK_CALENDAR_FOLDER;
}


/* --- telling -------------------------------------------------------------- */

/* ENOTFOUND: nobody of the directory any more; such entries give nothing. */
static ptn_rc_t
ptn_ews_put_member(ptn_ews_t *e, uint64_t member)
{
    ptn_rc_t     rc;
    ptn_str_t    address, display;
    ptn_user_t   user;
    ptn_group_t  group;

    if (member == PTN_MEMBER_DEFAULT || member == PTN_MEMBER_ANONYMOUS) {
        ptn_ews_lit(&e->out, "<t:UserId>");
        ptn_ews_elem_z(&e->out, "t:DistinguishedUser",
                       member == PTN_MEMBER_DEFAULT ? "Default" : "Anonymous");
        ptn_ews_lit(&e->out, "</t:UserId>");
        return PTN_OK;
    }

    rc = ptn_user_by_id(e->app->directory, e->pool, member, &user);

    if (rc == PTN_OK) {
        address = user.address;
        display = user.display;

    } else if (rc == PTN_ENOTFOUND) {
        rc = ptn_group_by_id(e->app->directory, e->pool, member, &group);

        if (rc == PTN_OK) {
            address = group.address;
            display = group.display;
        }
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_lit(&e->out, "<t:UserId>");
    ptn_ews_elem(&e->out, "t:PrimarySmtpAddress", address);
    ptn_ews_elem(&e->out, "t:DisplayName", display.len ? display : address);
    ptn_ews_lit(&e->out, "</t:UserId>");

    return PTN_OK;
}


static void
ptn_ews_put_rights(ptn_ews_t *e, uint32_t rights, bool calendar)
{
    size_t                  i;
    const char             *last;
    const ptn_ews_right_t  *r;

    last = "";

    for (i = 0; i < ptn_nelts(ptn_ews_rights); i++) {
        r = &ptn_ews_rights[i];

        if (strcmp(r->element, last) == 0 || (r->calendar && !calendar)) {
            continue;
        }

        if (strcmp(r->value, "true") == 0) {
            ptn_ews_elem_z(&e->out, r->element,
                           rights & r->told ? "true" : "false");

        } else if ((rights & r->told) == r->told) {
            ptn_ews_elem_z(&e->out, r->element, r->value);
            last = r->element;
        }
    }
}


ptn_rc_t
ptn_ews_put_permissions(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder)
{
    bool               calendar;
    size_t             i, n;
    ptn_rc_t           rc;
    ptn_ews_mark_t     mark;
    ptn_permission_t  *list;

    calendar = ptn_ews_is_calendar(folder);
    rc = ptn_rights_list(box->mb, e->pool, folder->id, true, &list, &n);

    if (rc != PTN_OK) {
        return rc == PTN_EDENIED ? PTN_OK : rc;         /* left out */
    }

    ptn_ews_lit(&e->out, "<t:PermissionSet>");
    ptn_xml_put_open(&e->out.buf, calendar ? "t:CalendarPermissions"
                                           : "t:Permissions");

    for (i = 0; i < n; i++) {
        mark = ptn_ews_mark(&e->out);
        ptn_xml_put_open(&e->out.buf, calendar ? "t:CalendarPermission"
                                               : "t:Permission");
        rc = ptn_ews_put_member(e, list[i].member);

        if (rc == PTN_ENOTFOUND) {
            rc = ptn_ews_rewind(&e->out, mark);
            if (rc != PTN_OK) {
                return rc;
            }

            continue;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        ptn_ews_put_rights(e, list[i].rights, calendar);
        ptn_ews_elem_z(&e->out, calendar ? "t:CalendarPermissionLevel"
                                         : "t:PermissionLevel",
                       ptn_ews_level_of(list[i].rights, calendar));
        ptn_xml_put_close(&e->out.buf, calendar ? "t:CalendarPermission"
                                                : "t:Permission");
    }

    ptn_xml_put_close(&e->out.buf, calendar ? "t:CalendarPermissions"
                                            : "t:Permissions");
    ptn_ews_lit(&e->out, "</t:PermissionSet>");

    return PTN_OK;
}


/* What the one who asks may do (MS-OXWSFOLD 2.2.4.4), by the rights that
 * PidTagAccess goes by (MS-OXCPRPT 2.2.1.1). */

ptn_rc_t
ptn_ews_put_effective_rights(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder)
{
    size_t    i;
    uint32_t  have;
    ptn_rc_t  rc;

    static const struct {
        const char  *element;
        uint32_t     need;
    } rights[] = {
        { "t:CreateAssociated", PTN_RIGHT_OWNER },
        { "t:CreateContents", PTN_RIGHT_CREATE },
        { "t:CreateHierarchy", PTN_RIGHT_CREATE_SUBFOLDER },
        { "t:Delete", PTN_RIGHT_OWNER },
        { "t:Modify", PTN_RIGHT_OWNER },
        { "t:Read", PTN_RIGHT_VISIBLE }
    };

    rc = ptn_rights_get(box->mb, folder->id, &have);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_lit(&e->out, "<t:EffectiveRights>");

    for (i = 0; i < ptn_nelts(rights); i++) {
        ptn_ews_elem_z(&e->out, rights[i].element,
                       have & rights[i].need ? "true" : "false");
    }

    if (e->version >= PTN_EWS_2010_SP1) {
        ptn_ews_elem_z(&e->out, "t:ViewPrivateItems",
                       ptn_mbox_may_all(box->mb) ? "true" : "false");
    }

    ptn_ews_lit(&e->out, "</t:EffectiveRights>");

    return PTN_OK;
}


/* --- setting -------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_permission_error(ptn_ews_t *e)
{
    return ptn_ews_error(e, "ErrorInvalidPermissionSettings",
                         "The permission settings are not valid.");
}


static ptn_rc_t
ptn_ews_member_of(ptn_ews_t *e, const ptn_ews_el_t *el, uint64_t *ret_member)
{
    ptn_rc_t     rc;
    ptn_str_t    who, address;
    ptn_user_t   user;
    ptn_group_t  group;

    who = ptn_ews_find_text(el, "DistinguishedUser");

    if (who.len != 0) {
        *ret_member = ptn_str_eqz(who, "Default") ? PTN_MEMBER_DEFAULT
                                                  : PTN_MEMBER_ANONYMOUS;
        return PTN_OK;
    }

    address = ptn_xs_trim(ptn_ews_find_text(el, "PrimarySmtpAddress"));
    rc = address.len == 0 ? PTN_ENOTFOUND
         : ptn_user_get(e->app->directory, e->pool, address, &user);

    if (rc == PTN_OK) {
        *ret_member = user.id;
        return PTN_OK;
    }

    if (rc == PTN_ENOTFOUND && address.len != 0) {
        rc = ptn_group_get(e->app->directory, e->pool, address, &group);
    }

    if (rc == PTN_OK) {
        *ret_member = group.id;
        return PTN_OK;
    }

    return rc != PTN_ENOTFOUND && rc != PTN_EINVAL && rc != PTN_EPARSE ? rc
           : ptn_ews_error(e, "ErrorInvalidUserInfo",
                           "The user of a permission could not be found.");
}


/* What one element says of *rights; false: nothing that fits the folder. */
static bool
ptn_ews_right_read(const ptn_ews_el_t *el, bool freebusy, bool calendar,
    uint32_t *mask, uint32_t *rights)
{
    bool                    on, told;
    size_t                  i;
    uint32_t                set;
    const ptn_ews_right_t  *r;

    for (i = 0; i < ptn_nelts(ptn_ews_rights); i++) {
        r = &ptn_ews_rights[i];

        if (!ptn_ews_named(el, r->element + 2)) {
            continue;
        }

        on = true;
        told = strcmp(r->value, "true") == 0
               ? ptn_xs_bool(el->text, &on) == PTN_OK
               : ptn_str_eqz(ptn_xs_trim(el->text), r->value);

        if (!told) {
            continue;
        }

        if (r->calendar && !(calendar && freebusy)) {
            return false;
        }

        set = on ? r->set : 0;
        *mask |= r->mask;
        *rights = (*rights & ~r->mask)
                  | (freebusy ? set : set & ~(uint32_t) PTN_RIGHTS_FREEBUSY);
        return true;
    }

    return true;
}


/* A level, or (Custom) the elements; beside a level they must say the same. */
static ptn_rc_t
ptn_ews_permission_read(ptn_ews_t *e, const ptn_ews_el_t *el, bool freebusy,
    bool calendar, uint32_t *ret_rights)
{
    size_t                  i;
    uint32_t                rights, mask;
    ptn_str_t               level;
    const ptn_ews_el_t     *child;
    const ptn_ews_level_t  *l;

    rights = 0;
    mask = 0;
    level = ptn_xs_trim(ptn_ews_find_text(el, calendar
                            ? "CalendarPermissionLevel" : "PermissionLevel"));

    for (child = el->child; child != NULL; child = child->next) {
        if (!ptn_ews_right_read(child, freebusy, calendar, &mask, &rights)) {
            return ptn_ews_permission_error(e);
        }
    }

    if (ptn_str_eqz(level, "Custom")) {
        *ret_rights = rights;
        return PTN_OK;
    }

    for (i = 0; i < ptn_nelts(ptn_ews_levels); i++) {
        l = &ptn_ews_levels[i];

        if (!ptn_str_eqz(level, l->name)) {
            continue;
        }

        if (l->calendar && !freebusy) {
            break;
        }

        mask &= ~(uint32_t) (PTN_RIGHT_CONTACT|PTN_RIGHTS_FREEBUSY);

        if ((rights & mask) != (l->rights & mask)) {
            break;
        }

        *ret_rights = l->rights
                      | (freebusy && (l->rights & PTN_RIGHT_READ_ANY)
                         ? PTN_RIGHTS_FREEBUSY : 0)
                      | (rights & (PTN_RIGHT_CONTACT|PTN_RIGHTS_FREEBUSY));
        return PTN_OK;
    }

    return ptn_ews_permission_error(e);
}


/* The whole list: what it does not name goes, but for Default. */

ptn_rc_t
ptn_ews_set_permissions(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    ptn_id_t id, const ptn_ews_el_t *set)
{
    bool                  calendar, freebusy;
    size_t                i, n;
    ptn_rc_t              rc;
    const ptn_folder_t   *folder;
    const ptn_ews_el_t   *el, *list;
    ptn_permission_op_t  *ops;

    rc = ptn_folder_get(box->mb, id, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    freebusy = folder->special == PTN_FOLDER_CALENDAR;
    list = ptn_ews_child(set, "CalendarPermissions");
    calendar = list != NULL;
    list = calendar ? list : ptn_ews_child(set, "Permissions");

    for (el = list->child, n = 0; el != NULL; el = el->next) {
        n++;
    }

    ops = n > PTN_MEMBERS_MAX ? NULL
          : ptn_parray(e->pool, n + 1, sizeof(ptn_permission_op_t));

    if (ops == NULL) {
        return n > PTN_MEMBERS_MAX ? ptn_ews_permission_error(e) : PTN_ENOMEM;
    }

    for (el = list->child, n = 0; el != NULL; el = el->next, n++) {
        ops[n].op = PTN_PERMISSION_ADD;

        rc = ptn_ews_member_of(e, ptn_ews_child(el, "UserId"),
                               &ops[n].entry.member);
        if (rc == PTN_OK) {
            rc = ptn_ews_permission_read(e, el, freebusy, calendar,
                                         &ops[n].entry.rights);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        for (i = 0; i < n; i++) {
            if (ops[i].entry.member == ops[n].entry.member) {
                return ptn_ews_error(e, "ErrorDuplicateUserIdsSpecified",
                           "A user has two permissions of one folder.");
            }
        }
    }

    rc = ptn_rights_modify(tx, id, true, freebusy, ops, n);

    return rc == PTN_EINVAL || rc == PTN_ELIMIT ? ptn_ews_permission_error(e)
                                                : rc;
}
