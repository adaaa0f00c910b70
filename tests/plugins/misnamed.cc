// A library that lacks the entry point its file name promises.
extern "C" int something_else() { return 0; }
