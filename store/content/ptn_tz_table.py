#!/usr/bin/env python3
#
# Makes ptn_tz_table.c, which is kept in the tree:
#
#     store/content/ptn_tz_table.py ../shared/ref/tz /usr/share/zoneinfo \
#         VERSION > store/content/ptn_tz_table.c
#
# Input: compiled tzdata (public domain; Debian's tzdata, VERSION is the
# package's) for offsets since 1970, and the table of CLDR (windowsZones,
# Unicode licence) for Windows names.  A zone's changes stand one by one up to
# the year from which its rule gives them all, at most to 2037.

import os, struct, sys
from datetime import datetime, timedelta

ref, zoneinfo, version = sys.argv[1:4]
FIRST, LAST = 1970, 2037
EPOCH = datetime(1970, 1, 1)


def at(dt):
    return int((dt - EPOCH).total_seconds())


def tzif(path):
    """Changes [(utc, offset)], first offset, POSIX rule."""
    d = open(path, 'rb').read()
    if d[:4] != b'TZif':
        return None
    n = struct.unpack('>6l', d[20:44])
    skip = 44 + n[3] * 5 + n[4] * 6 + n[5] + n[2] * 8 + n[1] + n[0]
    d = d[skip:]
    isut, isstd, leap, time, typ, char = struct.unpack('>6l', d[20:44])
    p = 44
    times = struct.unpack('>%dq' % time, d[p:p + 8 * time]); p += 8 * time
    idx = d[p:p + time]; p += time
    types = [struct.unpack('>lBB', d[p + 6 * i:p + 6 * i + 6])
             for i in range(typ)]
    foot = d[p + 6 * typ + char + 12 * leap + isstd + isut:].strip(b'\n')
    first = types[0][0]
    out = []
    start = at(datetime(FIRST, 1, 1))
    for t, i in zip(times, idx):
        o = types[i][0]
        if t < start:
            first = o
        elif o != (out[-1][1] if out else first):
            out.append((t, o))
    return out, first, foot.decode()


def posix_offset(s):
    sign = 1
    if s[:1] in '+-':
        sign = -1 if s[0] == '-' else 1
        s = s[1:]
    f = [int(x) for x in s.split(':')] + [0, 0]
    return sign * (f[0] * 3600 + f[1] * 60 + f[2])


def posix(s):
    """std, dst, rules [(month, week, dow, seconds)] or std alone."""
    def name(s):
        if s[0] == '<':
            i = s.index('>') + 1
        else:
            i = 0
            while i < len(s) and s[i].isalpha():
                i += 1
        return s[i:]

    def number(s):
        i = 0
        while i < len(s) and (s[i].isdigit() or s[i] in '+-:'):
            i += 1
        return s[:i], s[i:]

    s = name(s)
    o, s = number(s)
    std = -posix_offset(o)
    if not s:
        return std, None, None
    s = name(s)
    o, s = number(s)
    dst = -posix_offset(o) if o else std + 3600
    rules = []
    for r in s.split(',')[1:]:
        r, _, t = r.partition('/')
        if r[0] != 'M':
            return std, None, None
        m, w, d = [int(x) for x in r[1:].split('.')]
        rules.append((m, w, d, posix_offset(t) if t else 7200))
    return std, dst, rules


def nth(y, m, w, dow):
    d = datetime(y, m, 1)
    day = 1 + (dow - (d.weekday() + 1) % 7) % 7 + (w - 1) * 7
    last = ((datetime(y + (m == 12), m % 12 + 1, 1)) - timedelta(1)).day
    while day > last:
        day -= 7
    return datetime(y, m, day)


def mapi(r):
    """The nearest that a SYSTEMTIME can say."""
    m, w, d, t = r
    shift, t = divmod(t, 86400)
    return m, w, (d + shift) % 7, t


def rule_changes(std, dst, rules, y):
    a = at(nth(y, *rules[0][:3])) + rules[0][3] - std
    b = at(nth(y, *rules[1][:3])) + rules[1][3] - dst
    return sorted([(a, dst), (b, std)])


def cut(changes, std, dst, rules):
    """Changes that must stand, first year of the rule."""
    if rules is None:
        last = changes[-1][0] if changes else at(datetime(FIRST, 1, 1))
        y = (EPOCH + timedelta(seconds=last)).year
        return changes, y
    rules = [mapi(r) for r in rules]
    year = LAST + 1
    for y in range(LAST, FIRST - 1, -1):
        lo, hi = at(datetime(y, 1, 1)), at(datetime(y + 1, 1, 1))
        if [c for c in changes if lo <= c[0] < hi] \
                != rule_changes(std, dst, rules, y):
            break
        year = y
    limit = at(datetime(year, 1, 1))
    if year > FIRST and not [c for c in changes if c[0] < limit]:
        year += 1                           # something ends the time before
        limit = at(datetime(year, 1, 1))
    return [c for c in changes if c[0] < limit], year


def when(r):
    if r is None:
        return '{ 0, 0, 0, 0, 0, 0, 0, 0 }'
    m, w, d, t = mapi(r)
    return '{ 0, %d, %d, %d, %d, %d, %d, 0 }' % (m, d, w, t // 3600,
                                                 t // 60 % 60, t % 60)


def rows(name):
    f = open(os.path.join(ref, name)).read().splitlines()
    return [x.split('\t') for x in f[1:]]


names = {}
for root, dirs, files in os.walk(zoneinfo):
    dirs[:] = sorted(x for x in dirs if x not in ('posix', 'right'))
    for f in sorted(files):
        p = os.path.join(root, f)
        n = os.path.relpath(p, zoneinfo)
        if n in ('localtime', 'posixrules', 'Factory') or '.' in n:
            continue
        z = tzif(p)
        if z:
            names[n] = z

windows = {}
for key, territory, ids in rows('windows_to_iana.tsv'):
    if territory == '001':
        windows[key] = ids.split()[0]
olson = {a: b for a, b in rows('iana_to_windows.tsv')}
for key, n in list(windows.items()):
    if n not in names:
        sys.exit('no zone ' + n)

offsets, rules, pack, zones, where, texts = [], [], [], {}, {}, []


def index(lst, x):
    if x not in lst:
        lst.append(x)
    return lst.index(x)


keys = sorted(windows, key=str.lower)
for n, (changes, first, foot) in names.items():
    std, dst, r = posix(foot)
    if r and dst < std:                     # Ireland: summer is its standard
        std, dst, r = dst, std, [r[1], r[0]]
    changes = [c for c in changes if c[0] < at(datetime(LAST + 1, 1, 1))]
    changes, year = cut(changes, std, dst, r)
    words = tuple(c[0] // 60 << 6 | index(offsets, c[1]) for c in changes)
    assert all(w < 1 << 32 for w in words)
    # whole minutes: Liberia's of 1972 is 30 s early
    if words not in where:
        where[words] = len(pack)
        pack.extend(words)
    row = '{ %d, %d, 0, %s, %s }' % (
        -std // 60, 0, when(r[1] if r else None), when(r[0] if r else None)) \
        if r is None else '{ %d, 0, %d, %s, %s }' % (
        -std // 60, (std - dst) // 60, when(r[1]), when(r[0]))
    key = olson.get(n)
    zones[n] = (index(offsets, first), where[words], len(words),
                index(rules, row), year,
                keys.index(key) if key in windows else 255)

assert len(offsets) <= 64 and len(pack) < 65536 and len(keys) < 255
order = sorted(zones, key=str.lower)

print('/*\n * Made by ptn_tz_table.py from tzdata %s and CLDR\'s windowsZones:'
      '\n * %d names, %d Windows keys.  Not to be edited.\n */\n'
      % (version, len(order), len(keys)))
print('#include "ptn_tz_table.h"\n\n')
print('const int32_t  ptn_tz_offsets[] = {')
for i in range(0, len(offsets), 8):
    print('    ' + ' '.join('%d,' % x for x in offsets[i:i + 8]))
print('};\n\nconst uint32_t  ptn_tz_changes[] = {')
for i in range(0, len(pack), 6):
    print('    ' + ' '.join('0x%08x,' % x for x in pack[i:i + 6]))
print('};\n\nconst ptn_tz_rule_t  ptn_tz_rules[] = {')
for r in rules:
    a, b = r.rsplit(', {', 1)
    a, c = a.rsplit(', {', 1)
    print('    %s,\n      {%s, {%s },' % (a, c, b.rstrip(' }') + ' }'))
print('};\n\nconst ptn_tz_zone_t  ptn_tz_zones[] = {')
for n in order:
    z = zones[n]
    print('    { "%s",\n      %d, %d, %d, %d, %d, %d },' % ((n,) + z))
print('};\n\nconst ptn_tz_key_t  ptn_tz_keys[] = {')
for k in keys:
    print('    { "%s", %d },' % (k, order.index(windows[k])))
print('};\n\nconst char  ptn_tz_version[] = "%s";' % version)
print('const uint32_t  ptn_tz_nzones = ptn_nelts(ptn_tz_zones);')
print('const uint32_t  ptn_tz_nkeys = ptn_nelts(ptn_tz_keys);')
print('const uint32_t  ptn_tz_nrules = ptn_nelts(ptn_tz_rules);')
