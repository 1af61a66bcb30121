#!/usr/bin/python3
"""Writes ngx_modules/ews/ptn_ews_grammar.inc: what a request may look like.

    schema.py DIR > ptn_ews_grammar.inc

DIR holds types.xsd, messages.xsd and services.wsdl.  From the request
elements of the WSDL and the SOAP headers on, all types that can be reached
become rows of ptn_ews_schema.h: particles, attributes, types, values.
t/ews/schema.t runs it and compares.
"""

import re
import sys
import xml.etree.ElementTree as ET

XS = '{http://www.w3.org/2001/XMLSchema}'
BUILTIN = {
    'string': 'STRING', 'normalizedString': 'STRING', 'token': 'STRING',
    'anyURI': 'STRING', 'language': 'LANGUAGE', 'NMTOKEN': 'STRING',
    'boolean': 'BOOLEAN', 'int': 'INT', 'integer': 'INT', 'long': 'INT',
    'short': 'INT', 'byte': 'INT', 'unsignedShort': 'INT',
    'unsignedInt': 'INT', 'unsignedByte': 'INT', 'unsignedLong': 'INT',
    'nonNegativeInteger': 'INT', 'positiveInteger': 'INT',
    'decimal': 'DECIMAL', 'double': 'DOUBLE', 'float': 'DOUBLE',
    'dateTime': 'DATETIME', 'date': 'DATE', 'time': 'TIME',
    'duration': 'DURATION', 'base64Binary': 'BASE64', 'hexBinary': 'HEX',
    'anyType': 'ANY', 'anySimpleType': 'STRING', 'QName': 'STRING',
}
RANGES = {
    'int': (-2**31, 2**31 - 1), 'short': (-2**15, 2**15 - 1),
    'byte': (-128, 127), 'unsignedShort': (0, 65535),
    'unsignedByte': (0, 255), 'unsignedInt': (0, 2**32 - 1),
    'nonNegativeInteger': (0, 2**63 - 1), 'positiveInteger': (1, 2**63 - 1),
    'unsignedLong': (0, 2**63 - 1),
}
NS = {'types': 't', 'messages': 'm'}

DIR = sys.argv[1]
doc = {}
top = {}                 # (kind, ns, name) -> node
substitutes = {}         # (ns, name) -> [(ns, name)]

for f, ns in (('types', 't'), ('messages', 'm')):
    root = ET.parse('%s/%s.xsd' % (DIR, f)).getroot()
    for e in root:
        if not isinstance(e.tag, str):
            continue
        kind = e.tag.replace(XS, '')
        if 'name' in e.attrib:
            e.set('_ns', ns)
            top[(kind, ns, e.get('name'))] = e
            if e.get('substitutionGroup'):
                head = e.get('substitutionGroup').split(':')
                substitutes.setdefault(tuple(head), []).append(
                    (ns, e.get('name')))

wsdl = ET.parse(DIR + '/services.wsdl').getroot()
W = '{http://schemas.xmlsoap.org/wsdl/}'
requests, headers = [], set()
messages = {m.get('name'): m for m in wsdl.iter(W + 'message')}
operations = []
for pt in wsdl.iter(W + 'portType'):
    for op in pt.iter(W + 'operation'):
        m = messages[op.find(W + 'input').get('message').split(':')[1]]
        for p in m.iter(W + 'part'):
            el = p.get('element').split(':')
            if el[0] == 'tns':
                requests.append(('m', el[1]))
                operations.append((op.get('name'), el[1]))
            else:
                headers.add(('t', el[1]))

types, type_index = [], {}
particles, attributes, values = [], [], []


def split(name, ns):
    if ':' in name:
        p, n = name.split(':')
        return (p, n)
    return (ns, name)


def simple(node, ns):
    """What a simpleType is: kind, values, range, minimal length."""
    r = node.find(XS + 'restriction')
    if r is not None:
        base = r.get('base')
        if base:
            out = dict(simple_named(*split(base, ns)))
        else:
            out = dict(simple(r.find(XS + 'simpleType'), ns))
        enum = [e.get('value') for e in r.findall(XS + 'enumeration')]
        if enum:
            out.update(kind='ENUM', enum=enum)
        for f in r:
            tag = f.tag.replace(XS, '')
            if tag == 'minInclusive' and re.match(r'-?\d+$', f.get('value')):
                out['min'] = int(f.get('value'))
            if tag == 'maxInclusive' and re.match(r'-?\d+$', f.get('value')):
                out['max'] = int(f.get('value'))
            if tag == 'minLength':
                out['minlen'] = int(f.get('value'))
            if tag == 'pattern':
                v = f.get('value')
                if v.startswith('[0-9A-Fa-f]{8}-'):
                    out['kind'] = 'GUID'
                elif v.startswith('((0x|0X)'):
                    out['kind'] = 'BITMASK'
        return out
    l = node.find(XS + 'list')
    if l is not None:
        if l.get('itemType'):
            out = dict(simple_named(*split(l.get('itemType'), ns)))
        else:
            out = dict(simple(l.find(XS + 'simpleType'), ns))
        out['list'] = True
        return out
    u = node.find(XS + 'union')
    if u is not None:
        name = node.get('name', '')
        return {'kind': 'PROPTAG' if name == 'PropertyTagType' else 'STRING'}
    raise SystemExit('simpleType? %s' % node.get('name'))


def simple_named(p, n):
    if p in ('xs', 'xsd', 'xml'):
        out = {'kind': BUILTIN[n]}
        if n in RANGES:
            out['min'], out['max'] = RANGES[n]
        return out
    return simple(top[('simpleType', p, n)], p)


def occurs(node):
    mx = node.get('maxOccurs', '1')
    return (int(node.get('minOccurs', '1')),
            65535 if mx == 'unbounded' else int(mx))


def model(node, ns):
    """A group of particles as a tree: (kind, min, max, children)."""
    tag = node.tag.replace(XS, '')
    lo, hi = occurs(node)
    if tag == 'group':
        p, n = split(node.get('ref'), ns)
        g = top[('group', p, n)]
        kids = [model(c, p) for c in g
                if c.tag in (XS + 'sequence', XS + 'choice')]
        return ('SEQ', lo, hi, kids)
    if tag == 'any':
        return ('ANY', lo, hi, [])
    if tag == 'element':
        if node.get('ref'):
            p, n = split(node.get('ref'), ns)
            subs = substitutes.get((p, n))
            if subs:
                kids = [('ELEMENT', 1, 1, q, m, element_type(q, m))
                        for q, m in subs]
                return ('CHOICE', lo, hi, kids)
            return ('ELEMENT', lo, hi, p, n, element_type(p, n))
        if node.get('type'):
            t = type_of(*split(node.get('type'), ns))
        else:
            t = type_anon(node, ns)
        return ('ELEMENT', lo, hi, ns, node.get('name'), t)
    kids = [model(c, ns) for c in node if c.tag in
            [XS + x for x in ('element', 'sequence', 'choice', 'group',
                              'any', 'all')]]
    return ({'sequence': 'SEQ', 'choice': 'CHOICE', 'all': 'ALL'}[tag],
            lo, hi, kids)


def element_type(ns, name):
    e = top[('element', ns, name)]
    if e.get('type'):
        return type_of(*split(e.get('type'), ns))
    return type_anon(e, ns)


def type_anon(node, ns):
    for c in node:
        if c.tag == XS + 'complexType':
            return new_type('', lambda: complex_type(c, ns))
        if c.tag == XS + 'simpleType':
            return new_type('', lambda: dict(simple(c, ns), simple=True))
    return type_of('xs', 'anyType')


def new_type(name, make):
    i = len(types)
    types.append(None)
    types[i] = dict(make(), name=name)
    return i


def type_of(p, n):
    if (p, n) in type_index:
        return type_index[(p, n)]
    i = len(types)
    types.append(None)
    type_index[(p, n)] = i
    if p in ('xs', 'xsd', 'xml'):
        t = dict(simple_named(p, n), simple=True)
    elif ('simpleType', p, n) in top:
        t = dict(simple(top[('simpleType', p, n)], p), simple=True)
    else:
        t = complex_type(top[('complexType', p, n)], p)
    t['name'] = n
    types[i] = t
    return i


def attrs_of(node, ns):
    out = []
    for a in node.findall(XS + 'attribute'):
        if a.get('ref'):
            continue
        if a.get('type'):
            t = type_of(*split(a.get('type'), ns))
        else:
            t = type_anon(a, ns)
        out.append((a.get('name'), t, a.get('use') == 'required'))
    for g in node.findall(XS + 'attributeGroup'):
        p, n = split(g.get('ref'), ns)
        out += attrs_of(top[('attributeGroup', p, n)], p)
    return out


def complex_type(node, ns):
    cc = node.find(XS + 'complexContent')
    sc = node.find(XS + 'simpleContent')
    if sc is not None:
        e = sc.find(XS + 'extension')
        p, n = split(e.get('base'), ns)
        if p in ('xs', 'xsd') or ('simpleType', p, n) in top:
            out = dict(simple_named(p, n), simple=True, attrs=[])
        else:
            out = dict(complex_type(top[('complexType', p, n)], p))
        out['attrs'] = out['attrs'] + attrs_of(e, ns)
        return out
    out = {'kind': 'NONE', 'attrs': [], 'model': []}
    body = node
    if cc is not None:
        e = cc.find(XS + 'extension')
        if e is None:
            e = cc.find(XS + 'restriction')
            body = e
        else:
            base = complex_type(top[('complexType',) + split(e.get('base'),
                                                             ns)],
                                split(e.get('base'), ns)[0])
            out['attrs'] = list(base['attrs'])
            out['model'] = list(base['model'])
            body = e
    out['attrs'] = out['attrs'] + attrs_of(body, ns)
    for c in body:
        if c.tag in [XS + x for x in ('sequence', 'choice', 'group', 'all')]:
            out['model'] = out['model'] + [model(c, ns)]
    return out


def flatten(m):
    """A sequence of one that occurs once is its child."""
    if m[0] in ('SEQ', 'CHOICE', 'ALL'):
        kids = []
        for k in [flatten(k) for k in m[3]]:
            if m[0] == 'SEQ' and k[0] == 'SEQ' and k[1:3] == (1, 1):
                kids += k[3]
            else:
                kids.append(k)
        if len(kids) == 1 and m[1:3] == (1, 1):
            return kids[0]
        return (m[0], m[1], m[2], kids)
    return m


roots = [(ns, n, element_type(ns, n)) for ns, n in requests]
heads = [('t', n, element_type('t', n)) for ns, n in sorted(headers)]

# The order of the rows is that of discovery, so a run repeats itself.
rows = []


def place(kids):
    """Children of one group stand together; returns where."""
    at = len(rows)
    for k in kids:
        rows.append(None)
    for i, k in enumerate(kids):
        if k[0] == 'ELEMENT':
            rows[at + i] = 'E(%s, %d, %d, "%s", %d)' % (
                k[3].upper(), k[1], k[2], k[4], k[5])
        elif k[0] == 'ANY':
            rows[at + i] = 'G(ANY, %d, %d, 0, 0)' % (k[1], k[2])
        else:
            sub = place(k[3])
            rows[at + i] = 'G(%s, %d, %d, %d, %d)' % (
                k[0], k[1], k[2], sub, len(k[3]))
    return at


attr_rows, value_rows, type_rows = [], [], []
enum_at = {}
for i, t in enumerate(types):
    m = t.get('model') or []
    at, n = 0, 0
    if m:
        root = flatten(('SEQ', 1, 1, m))
        if root[0] != 'SEQ' or root[1:3] != (1, 1):
            root = ('SEQ', 1, 1, [root])
        at, n = place(root[3]), len(root[3])
    a_at, a = len(attr_rows), t.get('attrs') or []
    for name, ty, req in a:
        attr_rows.append('A("%s", %d, %d)' % (name, ty, req))
    v_at, v = 0, t.get('enum') or []
    if v:
        key = tuple(v)
        if key not in enum_at:
            enum_at[key] = len(value_rows)
            value_rows += ['"%s"' % x for x in v]
        v_at = enum_at[key]
    kind = t['kind']
    lo, hi = t.get('min', 0), t.get('max', 0)
    if kind == 'INT' and 'min' not in t and 'max' not in t:
        lo, hi = -2**63 + 1, 2**63 - 1
    if kind == 'STRING':
        lo = t.get('minlen', 0)
    if kind == 'NONE' and t.get('simple') is None:
        kind = 'NONE'
    type_rows.append('T("%s", %s, %d, %d, %d, %d, %d, %d, %d, %dLL, %dLL)' % (
        t['name'], kind, 1 if t.get('list') else 0, at, n, a_at, len(a),
        v_at, len(v), lo, hi))


def emit(name, args, items):
    print('#define %s(%s)' % (name, args) + ' \\')
    line = '   '
    for x in items:
        if len(line) + len(x) + 1 > 110:
            print(line + ' \\')
            line = '   '
        line += ' ' + x
    print(line)
    print()


print('/* Made by t/ews/schema.py from services.wsdl, messages.xsd and')
print(' * types.xsd; not edited.  Rows: ptn_ews_schema.h. */')
print()
emit('PTN_EWS_PARTICLES', 'E, G', rows)
emit('PTN_EWS_ATTRIBUTES', 'A', attr_rows)
emit('PTN_EWS_VALUES', 'V', ['V(%s)' % v for v in value_rows])
emit('PTN_EWS_TYPES', 'T', type_rows)
emit('PTN_EWS_REQUESTS', 'R', ['R("%s", %d)' % (n, t)
                               for ns, n, t in roots])
emit('PTN_EWS_HEADERS', 'R', ['R("%s", %d)' % (n, t)
                              for ns, n, t in heads])
