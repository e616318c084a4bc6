/*
 * Only in builds with AddressSanitizer, for tests: its search for leaks at the end would start a
 * process and trace it, which a confined worker cannot.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
