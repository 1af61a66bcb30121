/*
 * The peer of the parser: GMime 3, from memory, headers and structure.
 *
 *   gmime MAIL SECONDS        MB a second
 */

#include <gmime/gmime.h>

#include "../corpus_load.h"


static void
parse(const unsigned char *p, size_t n)
{
    GMimeParser   *parser;
    GMimeStream   *stream;
    GMimeMessage  *message;

    stream = g_mime_stream_mem_new_with_buffer((const char *) p, n);
    parser = g_mime_parser_new_with_stream(stream);
    message = g_mime_parser_construct_message(parser, NULL);

    if (message != NULL) {
        g_object_unref(message);
    }

    g_object_unref(parser);
    g_object_unref(stream);
}


int
main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: gmime MAIL SECONDS\n");
        return 1;
    }

    g_mime_init();
    corpus_load(argv[1]);
    printf("%.1f\n", corpus_rate(parse, atof(argv[2])));

    return 0;
}
