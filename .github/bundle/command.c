/* The command `apoa` of new windows: runs the installed program with its own words. A batch file would read a < in them. */
#include <stdio.h>
#include <windows.h>

#define LONGEST 32768

static BOOL WINAPI leave_to_program(DWORD event) { /* Ctrl-C is for the program, whose exit code is returned */
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

static HANDLE passed_on(DWORD stream) {
    HANDLE handle = GetStdHandle(stream);
    SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    return handle;
}

int wmain(void) {
    static wchar_t program[LONGEST];
    STARTUPINFOW start = {sizeof start};
    PROCESS_INFORMATION process;
    DWORD code = 1;
    ExpandEnvironmentStringsW(L"%LOCALAPPDATA%\\Programs\\apoa\\apoa.exe", program, LONGEST);
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = passed_on(STD_INPUT_HANDLE);
    start.hStdOutput = passed_on(STD_OUTPUT_HANDLE);
    start.hStdError = passed_on(STD_ERROR_HANDLE);
    SetConsoleCtrlHandler(leave_to_program, TRUE);
    if (!CreateProcessW(program, GetCommandLineW(), NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) {
        fprintf(stderr, "apoa: the program cannot be started (error %lu). Install it again.\n", GetLastError());
        return 1;
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return (int)code;
}
