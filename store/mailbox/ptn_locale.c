/*
 * Display names of the special folders, as Exchange and Outlook word them in
 * the user's language.  A language that is missing gets English.
 */

#include "ptn_mailbox.h"


/*
 * language, Inbox, Outbox, Sent Items, Deleted Items, Drafts, Junk Email,
 * Archive, Calendar, Contacts, Tasks, Notes, Journal, Suggested Contacts,
 * Sync Issues, Conflicts, Local Failures, Server Failures
 */
#define PTN_LOCALES(L)                                                        \
    L("en", "Inbox", "Outbox", "Sent Items", "Deleted Items", "Drafts",       \
      "Junk Email", "Archive", "Calendar", "Contacts", "Tasks", "Notes",      \
      "Journal", "Suggested Contacts", "Sync Issues", "Conflicts",            \
      "Local Failures", "Server Failures")                                    \
    L("de", "Posteingang", "Postausgang", "Gesendete Elemente",               \
      "Gelöschte Elemente", "Entwürfe", "Junk-E-Mail", "Archiv", "Kalender",  \
      "Kontakte", "Aufgaben", "Notizen", "Journal", "Vorgeschlagene Kontakte",\
      "Synchronisierungsprobleme", "Konflikte", "Lokale Fehler",              \
      "Serverfehler")                                                         \
    L("fr", "Boîte de réception", "Boîte d'envoi", "Éléments envoyés",        \
      "Éléments supprimés", "Brouillons", "Courrier indésirable", "Archive",  \
      "Calendrier", "Contacts", "Tâches", "Notes", "Journal",                 \
      "Contacts suggérés", "Problèmes de synchronisation", "Conflits",        \
      "Défaillances locales", "Défaillances du serveur")                      \
    L("es", "Bandeja de entrada", "Bandeja de salida", "Elementos enviados",  \
      "Elementos eliminados", "Borradores", "Correo no deseado", "Archivo",   \
      "Calendario", "Contactos", "Tareas", "Notas", "Diario",                 \
      "Contactos sugeridos", "Problemas de sincronización", "Conflictos",     \
      "Errores locales", "Errores del servidor")                              \
    L("it", "Posta in arrivo", "Posta in uscita", "Posta inviata",            \
      "Posta eliminata", "Bozze", "Posta indesiderata", "Archivio",           \
      "Calendario", "Contatti", "Attività", "Note", "Diario",                 \
      "Contatti suggeriti", "Problemi di sincronizzazione", "Conflitti",      \
      "Errori locali", "Errori del server")                                   \
    L("nl", "Postvak IN", "Postvak UIT", "Verzonden items",                   \
      "Verwijderde items", "Concepten", "Ongewenste e-mail", "Archief",       \
      "Agenda", "Contactpersonen", "Taken", "Notities", "Logboek",            \
      "Voorgestelde contactpersonen", "Synchronisatieproblemen",              \
      "Conflicten", "Lokale fouten", "Serverfouten")                          \
    L("pt", "Caixa de Entrada", "Caixa de Saída", "Itens Enviados",           \
      "Itens Excluídos", "Rascunhos", "Lixo Eletrônico", "Arquivo Morto",     \
      "Calendário", "Contatos", "Tarefas", "Anotações", "Diário",             \
      "Contatos Sugeridos", "Problemas de Sincronização", "Conflitos",        \
      "Falhas Locais", "Falhas de Servidor")                                  \
    L("pl", "Skrzynka odbiorcza", "Skrzynka nadawcza", "Elementy wysłane",    \
      "Elementy usunięte", "Wersje robocze", "Wiadomości-śmieci",             \
      "Archiwum", "Kalendarz", "Kontakty", "Zadania", "Notatki", "Dziennik",  \
      "Sugerowane kontakty", "Problemy z synchronizacją", "Konflikty",        \
      "Lokalne błędy", "Błędy serwera")                                       \
    L("ru", "Входящие", "Исходящие", "Отправленные", "Удаленные",             \
      "Черновики", "Нежелательная почта", "Архив", "Календарь", "Контакты",   \
      "Задачи", "Заметки", "Дневник", "Рекомендованные контакты",             \
      "Ошибки синхронизации", "Конфликты", "Локальные ошибки",                \
      "Ошибки сервера")                                                       \
    L("sv", "Inkorgen", "Utkorgen", "Skickat", "Borttaget", "Utkast",         \
      "Skräppost", "Arkiv", "Kalender", "Kontakter", "Uppgifter",             \
      "Anteckningar", "Journal", "Föreslagna kontakter",                      \
      "Synkroniseringsproblem", "Konflikter", "Lokala fel", "Serverfel")      \
    L("da", "Indbakke", "Udbakke", "Sendt post", "Slettet post", "Kladder",   \
      "Uønsket mail", "Arkiv", "Kalender", "Kontakter", "Opgaver", "Noter",   \
      "Journal", "Foreslåede kontakter", "Synkroniseringsproblemer",          \
      "Konflikter", "Lokale fejl", "Serverfejl")                              \
    L("nb", "Innboks", "Utboks", "Sendte elementer", "Slettede elementer",    \
      "Kladd", "Søppelpost", "Arkiv", "Kalender", "Kontakter", "Oppgaver",    \
      "Notater", "Logg", "Foreslåtte kontakter", "Synkroniseringsproblemer",  \
      "Konflikter", "Lokale feil", "Serverfeil")                              \
    L("fi", "Saapuneet", "Lähtevät", "Lähetetyt", "Poistetut", "Luonnokset",  \
      "Roskaposti", "Arkisto", "Kalenteri", "Yhteystiedot", "Tehtävät",       \
      "Muistilaput", "Päiväkirja", "Ehdotetut yhteyshenkilöt",                \
      "Synkronointiongelmat", "Ristiriidat", "Paikalliset virheet",           \
      "Palvelinvirheet")                                                      \
    L("cs", "Doručená pošta", "Pošta k odeslání", "Odeslaná pošta",           \
      "Odstraněná pošta", "Koncepty", "Nevyžádaná pošta", "Archiv",           \
      "Kalendář", "Kontakty", "Úkoly", "Poznámky", "Deník",                   \
      "Navrhované kontakty", "Potíže se synchronizací", "Konflikty",          \
      "Místní chyby", "Chyby serveru")                                        \
    L("ja", "受信トレイ", "送信トレイ", "送信済みアイテム",                   \
      "削除済みアイテム", "下書き", "迷惑メール", "アーカイブ", "予定表",     \
      "連絡先", "タスク", "メモ", "履歴", "連絡先候補", "同期の問題",         \
      "競合", "ローカルの失敗", "サーバーの失敗")                             \
    L("zh", "收件箱", "发件箱", "已发送邮件", "已删除邮件", "草稿",           \
      "垃圾邮件", "存档", "日历", "联系人", "任务", "便笺", "日记",           \
      "建议的联系人", "同步问题", "冲突", "本地故障", "服务器故障")

typedef struct {
    const char  *language;
    const char  *names[17];
} ptn_locale_t;

static const ptn_locale_t  ptn_locales[] = {
#define PTN_LOCALE_ROW(lang, ...)  { lang, { __VA_ARGS__ } },
    PTN_LOCALES(PTN_LOCALE_ROW)
};


/* Folders that have a name in each language: column of the table above. */

static const uint8_t  ptn_locale_column[PTN_FOLDER_MAX] = {
    [PTN_FOLDER_INBOX] = 1,
    [PTN_FOLDER_OUTBOX] = 2,
    [PTN_FOLDER_SENT] = 3,
    [PTN_FOLDER_DELETED] = 4,
    [PTN_FOLDER_DRAFTS] = 5,
    [PTN_FOLDER_JUNK] = 6,
    [PTN_FOLDER_ARCHIVE] = 7,
    [PTN_FOLDER_CALENDAR] = 8,
    [PTN_FOLDER_CONTACTS] = 9,
    [PTN_FOLDER_TASKS] = 10,
    [PTN_FOLDER_NOTES] = 11,
    [PTN_FOLDER_JOURNAL] = 12,
    [PTN_FOLDER_SUGGESTED_CONTACTS] = 13,
    [PTN_FOLDER_SYNC_ISSUES] = 14,
    [PTN_FOLDER_CONFLICTS] = 15,
    [PTN_FOLDER_LOCAL_FAILURES] = 16,
    [PTN_FOLDER_SERVER_FAILURES] = 17
};


/* The others are never translated; clients find them by id. */

static const char *const  ptn_locale_fixed[PTN_FOLDER_MAX] = {
    [PTN_FOLDER_ROOT] = "Root",
    [PTN_FOLDER_IPM_SUBTREE] = "Top of Information Store",
    [PTN_FOLDER_DEFERRED_ACTION] = "Deferred Action",
    [PTN_FOLDER_SPOOLER_QUEUE] = "Spooler Queue",
    [PTN_FOLDER_FINDER] = "Finder",
    [PTN_FOLDER_VIEWS] = "Views",
    [PTN_FOLDER_COMMON_VIEWS] = "Common Views",
    [PTN_FOLDER_SCHEDULE] = "Schedule",
    [PTN_FOLDER_SHORTCUTS] = "Shortcuts",
    [PTN_FOLDER_REMINDERS] = "Reminders",
    [PTN_FOLDER_FREEBUSY_DATA] = "Freebusy Data",
    [PTN_FOLDER_QUICK_CONTACTS] = "Quick Contacts"
};


/* "de", "de-AT", "de_AT.UTF-8" are German; "no", "nn" Norwegian. */

static const ptn_locale_t *
ptn_locale_find(const char *locale)
{
    size_t  i;
    char    lang[3];

    if (locale == NULL || strlen(locale) < 2) {
        return &ptn_locales[0];
    }

    lang[0] = (char) ptn_tolower((u_char) locale[0]);
    lang[1] = (char) ptn_tolower((u_char) locale[1]);
    lang[2] = '\0';

    if (strcmp(lang, "no") == 0 || strcmp(lang, "nn") == 0) {
        memcpy(lang, "nb", 2);
    }

    for (i = 0; i < ptn_nelts(ptn_locales); i++) {
        if (strcmp(ptn_locales[i].language, lang) == 0) {
            return &ptn_locales[i];
        }
    }

    return &ptn_locales[0];
}


const char *
ptn_locale_folder(const char *locale, ptn_folder_special_e f)
{
    if (ptn_locale_column[f] != 0) {
        return ptn_locale_find(locale)->names[ptn_locale_column[f] - 1];
    }

    return ptn_locale_fixed[f] ? ptn_locale_fixed[f] : "";
}
