"""What t/ews/exchangelib.t has python3-exchangelib do; prints a line each.

    use_exchangelib.py fixed|autodiscover USER PEER HOST

The library is as Debian ships it.  That the server's certificate is good it
learns by REQUESTS_CA_BUNDLE, names by the resolver.
"""

import sys

from exchangelib import (
    DELEGATE, Account, Body, Configuration, Credentials,
    HTMLBody, Mailbox, Message, Q,
)

how, user, peer, host = sys.argv[1:5]


def step(name, good=True):
    print('%s %s' % ('ok' if good else 'FAIL', name), flush=True)


credentials = Credentials(user, 'secret')

if how == 'autodiscover':
    account = Account(user, credentials=credentials, autodiscover=True,
                      access_type=DELEGATE)
else:
    config = Configuration(
        service_endpoint='https://%s/EWS/Exchange.asmx' % host,
        credentials=credentials)
    account = Account(user, config=config, autodiscover=False,
                      access_type=DELEGATE)

step('endpoint %s' % account.protocol.service_endpoint)
step('version %s' % account.version.api_version,
     account.version.build.major_version == 15)

inbox = account.inbox
step('inbox', inbox.name == 'Inbox')
names = {f.name for f in account.root.walk()}
step('tree', {'Sent Items', 'Drafts', 'Calendar'} <= names)

items = list(inbox.all().order_by('subject'))
step('lists', [i.subject for i in items] == ['first', 'second'])
only = list(inbox.all().only('subject', 'is_read'))
step('lists some fields', len(only) == 2)
step('filters', inbox.filter(subject='second').count() == 1)
step('filters by text',
     [i.subject for i in inbox.filter(subject__icontains='FIR')] == ['first'])
step('filters by a part, of this case',
     [i.subject for i in inbox.filter(subject__contains='con')] == ['second']
     and inbox.filter(subject__contains='CON').count() == 0)
step('filters by both and either',
     inbox.filter(Q(subject='first') | Q(subject__startswith='sec')).count()
     == 2
     and inbox.filter(Q(subject='first') & ~Q(is_read=True)).count() == 1)
step('orders', [i.subject for i in inbox.all().order_by('-subject')]
     == ['second', 'first'])
step('orders by two', [i.subject for i in
     inbox.filter(is_read=False).order_by('has_attachments', '-subject')]
     == ['first', 'second'])
step('asks a query', [i.subject for i in inbox.filter('subject:first')]
     == ['first'])
step('asks of texts and attachments', [i.subject for i in
     inbox.filter('hello AND hasattachment:true')] == ['second'])
step('orders a query', [i.subject for i in
     inbox.filter('hello').order_by('-subject')] == ['second', 'first'])
step('asks for nothing there', inbox.filter('subject:third').count() == 0)
step('filters by read', inbox.filter(is_read=False).count() == 2)

item = inbox.get(subject='first')
step('reads text', item.text_body.strip() == 'hello first')
step('reads sender', item.sender.email_address == 'ada@example.org')
step('reads mime', b'hello first' in item.mime_content)
step('reads headers', any(h.name == 'X-Own' for h in item.headers))
with_file = inbox.get(subject='second')
step('attachment', [a.name for a in with_file.attachments] == ['a.txt']
     and with_file.attachments[0].content == b'attached')

item.is_read = True
item.save(update_fields=['is_read'])
step('marks', inbox.filter(is_read=False).count() == 1)
item.subject = 'edited'
item.categories = ['Red']
item.save(update_fields=['subject', 'categories'])
item.refresh()
step('edits', item.subject == 'edited' and item.categories == ['Red'])

changes = list(inbox.sync_items())
step('syncs', len([c for c in changes if c[0] == 'create']) == 2)

folder = account.msg_folder_root / 'Sent Items'
before = folder.all().count()
m = Message(account=account, subject='from %s' % how,
            body=HTMLBody('<p>sent <b>by</b> it</p>'),
            to_recipients=[Mailbox(email_address=peer)])
m.send_and_save()
step('sends and saves', folder.all().count() == before + 1)

m = Message(account=account, folder=account.drafts, subject='draft',
            body=Body('text'), to_recipients=[peer])
m.save()
step('saves a draft', account.drafts.filter(subject='draft').count() == 1)
m.send()
step('sends it', account.drafts.filter(subject='draft').count() == 0)

item.copy(to_folder=account.junk)
step('copies', account.junk.all().count() == 1)
item.move(to_folder=account.drafts)
step('moves', inbox.all().count() == 1 and account.drafts.all().count() == 1)
item.delete()
step('deletes', account.drafts.all().count() == 0)
item = account.junk.all()[0]
item.move_to_trash()
step('trashes', account.trash.all().count() == 1)

with_file.reply(subject='RE: second', body='an answer',
                to_recipients=[peer])
step('replies')

for subject in 'soft', 'softer', 'softest':
    Message(account=account, folder=account.drafts, subject=subject,
            body=Body('text')).save()
    account.drafts.get(subject=subject).soft_delete()
deletions = account.recoverable_items_deletions
step('recoverable items', account.recoverable_items_root is not None
     and [i.subject for i in deletions.all().order_by('subject')]
     == ['soft', 'softer', 'softest'])
step('filters them', deletions.filter(subject='softer').count() == 1)
step('reads one', deletions.get(subject='soft').body.strip() == 'text')
deletions.get(subject='soft').move(to_folder=account.drafts)
step('restores one', account.drafts.filter(subject='soft').count() == 1
     and deletions.all().count() == 2)
deletions.get(subject='softer').delete()
step('purges one', deletions.all().count() == 1)
account.drafts.get(subject='soft').delete()
step('versions and purges', account.recoverable_items_versions.all().count()
     + account.recoverable_items_purges.all().count() == 0)

found = account.protocol.resolve_names([peer.split('@')[0]])
step('resolves names', found[0].email_address == peer)
zones = list(account.protocol.get_timezones(return_full_timezone_data=True))
step('zones', len(zones) > 100)

with inbox.streaming_subscription() as subscription:
    Message(account=account, subject='streamed', body='x',
            to_recipients=[user]).send()
    for notification in inbox.get_streaming_events(
            subscription, connection_timeout=1, max_notifications_returned=1):
        step('streams', len(notification.events) > 0)

with inbox.pull_subscription() as (subscription, watermark):
    inbox.filter(subject='streamed')[0].delete()
    events = [e for n in inbox.get_events(subscription, watermark)
              for e in n.events]
    step('pulls', any(type(e).__name__ == 'DeletedEvent' for e in events))

step('done')
