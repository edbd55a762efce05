; NSIS' description of the Windows installer: it puts the bundle into a folder of the user's, and needs no administrator.
; Usage: x86_64-w64-mingw32-gcc -Os -s -municode -o apoa.exe .github/bundle/command.c
; makensis -DVERSION=1.2.3 -DBUNDLE=/path/dist/apoa -DCOMMAND=/path/apoa.exe -DOUTPUT=/path/setup.exe .github/bundle/apoa.nsi
Unicode true
Target amd64-unicode
!include MUI2.nsh

Name "apoa ${VERSION}"
OutFile "${OUTPUT}"
RequestExecutionLevel user
SetCompressor /SOLID lzma
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "apoa-client"
VIAddVersionKey FileDescription "apoa-client"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey LegalCopyright "Apache-2.0"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\apoa"
!define FOLDER "$LOCALAPPDATA\Programs\apoa"
!define COMMANDS "$LOCALAPPDATA\Microsoft\WindowsApps" ; is in every user's PATH, and is written by no other program's installer

!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\apoa.exe"
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English
!insertmacro MUI_LANGUAGE Indonesian

LangString RUNS ${LANG_ENGLISH} "apoa is running. Close its windows, wait until it has sent, and start this again."
LangString RUNS ${LANG_INDONESIAN} "apoa sedang berjalan. Tutup jendelanya, tunggu sampai selesai mengirim, lalu mulai ini lagi."
LangString INCOMPLETE ${LANG_ENGLISH} "Not every file was written. Start this again."
LangString INCOMPLETE ${LANG_INDONESIAN} "Tidak semua berkas tertulis. Mulai ini lagi."
LangString KEPT ${LANG_ENGLISH} "The program and its automatic sending are removed. Reports, keys and settings stay on this computer."
LangString KEPT ${LANG_INDONESIAN} "Program dan pengiriman otomatisnya sudah dihapus. Laporan, kunci, dan pengaturan tetap ada di komputer ini."

; A program that runs can be read and renamed on Windows, and not be opened for writing.
!macro REFUSE_IF_IT_RUNS
    ${For} $1 0 1
        StrCpy $2 "$INSTDIR\apoa.exe"
        ${IfThen} $1 == 1 ${|} StrCpy $2 "$INSTDIR\apoaw.exe" ${|}
        ${If} ${FileExists} "$2"
            ClearErrors
            FileOpen $0 "$2" a
            ${If} ${Errors}
                MessageBox MB_ICONEXCLAMATION "$(RUNS)" /SD IDOK
                SetErrorLevel 2
                Quit
            ${EndIf}
            FileClose $0
        ${EndIf}
    ${Next}
!macroend

!macro REMOVE_PROGRAM ; the bundle's own files alone, so that nothing else is ever removed
    RMDir /r "$INSTDIR\_internal"
    Delete "$INSTDIR\apoa.exe"
    Delete "$INSTDIR\apoaw.exe"
!macroend

Function .onInit
    StrCpy $INSTDIR "${FOLDER}" ; whatever /D says: the command below names this folder
    !insertmacro REFUSE_IF_IT_RUNS
FunctionEnd

Function un.onInit
    StrCpy $INSTDIR "${FOLDER}" ; a copy of the uninstaller in another folder must remove nothing there
    !insertmacro REFUSE_IF_IT_RUNS
FunctionEnd

Section
    !insertmacro REMOVE_PROGRAM ; no file of another version stays
    SetOutPath "$INSTDIR"
    ClearErrors
    File /r "${BUNDLE}/*.*"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    SetOutPath "${COMMANDS}"
    File "/oname=apoa.exe" "${COMMAND}"
    ${If} ${Errors}
        MessageBox MB_ICONSTOP "$(INCOMPLETE)" /SD IDOK
        SetErrorLevel 3
        Quit
    ${EndIf}
    SetOutPath "$PROFILE" ; the folder in which a shortcut starts the program
    CreateShortcut "$SMPROGRAMS\apoa.lnk" "$INSTDIR\apoa.exe"
    CreateShortcut "$DESKTOP\apoa.lnk" "$INSTDIR\apoa.exe"
    WriteRegStr HKCU "${UNINSTALL}" DisplayName "apoa-client"
    WriteRegStr HKCU "${UNINSTALL}" DisplayVersion "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL}" DisplayIcon "$INSTDIR\apoa.exe"
    WriteRegStr HKCU "${UNINSTALL}" InstallLocation "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL}" UninstallString '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL}" QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL}" NoModify 1
    WriteRegDWORD HKCU "${UNINSTALL}" NoRepair 1
SectionEnd

Section Uninstall
    ExecWait '"$INSTDIR\apoaw.exe" schedule remove'
    Delete "${COMMANDS}\apoa.exe"
    Delete "$SMPROGRAMS\apoa.lnk"
    Delete "$DESKTOP\apoa.lnk"
    !insertmacro REMOVE_PROGRAM
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    DeleteRegKey HKCU "${UNINSTALL}"
    MessageBox MB_ICONINFORMATION "$(KEPT)" /SD IDOK
SectionEnd
