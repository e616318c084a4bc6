/* A private folder for one test. */
#ifndef COF_HARNESS_TEMPDIR_H
#define COF_HARNESS_TEMPDIR_H

enum { COF_TEMPDIR_SIZE = 256 };

/** Makes an empty folder, mode 0700, under TMPDIR or /tmp; ends the cmocka test where it cannot. */
void cof_tempdir_make(char out_path[static COF_TEMPDIR_SIZE]);

/** Removes the folder and all below it; follows no link. Does nothing for "". */
void cof_tempdir_remove(const char *path);

#endif
