#include "ptn_cli.h"


int
main(int argc, char **argv)
{
    return ptn_cli_run(argc, argv, 0, stdout, stderr);
}
