; The installer: for one person, without an administrator.
;
;     cordon-0.1.0-setup.exe [/S] [/D=C:\folder]      /S asks nothing; /D comes last and takes no quotes
;     uninstall.exe [/S] [/EVENIFOPEN]
;
; Exit codes: 0 done, 1 ended by the person, 2 could not be done (cordon is running, or entries are open).

; A program for 64 bits, like cordon itself.
Target amd64-unicode
!ifdef QUICK
    SetCompress off
!else
    SetCompressor /SOLID lzma
    ; Both programs are nearly the same: with a dictionary larger than one of them they take the room of one.
    SetCompressorDictSize 64
!endif
!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"

!define ID "io.github.cordon"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${ID}"
!define NOTIFIER "Software\Classes\AppUserModelId\${ID}"
!define START "$SMPROGRAMS\cordon"
!define DATA "$LOCALAPPDATA\cordon"

Name "cordon"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\cordon"
InstallDirRegKey HKCU "${UNINSTALL}" "InstallLocation"
RequestExecutionLevel user
ManifestDPIAware true
ManifestSupportedOS all
SetOverwrite on
BrandingText "cordon ${VERSION}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "cordon"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs cordon"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "MIT or Apache 2.0"

!define MUI_ICON "${FILES}\cordon.ico"
!define MUI_UNICON "${FILES}\cordon.ico"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\cordonw.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Start cordon"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

!ifdef SIGN
    !uninstfinalize '"${SIGN}" "%1"'
!endif

; A program that runs cannot be written to. It is asked before anything is changed.
!macro REFUSE_WHILE_RUNNING PROGRAM
    ${If} ${FileExists} "$INSTDIR\${PROGRAM}"
        ClearErrors
        FileOpen $0 "$INSTDIR\${PROGRAM}" a
        ${If} ${Errors}
            MessageBox MB_OK|MB_ICONSTOP "cordon is running. Close it, then try again." /SD IDOK
            SetErrorLevel 2
            Quit
        ${EndIf}
        FileClose $0
    ${EndIf}
!macroend

Section "cordon"
    !insertmacro REFUSE_WHILE_RUNNING "cordon.exe"
    !insertmacro REFUSE_WHILE_RUNNING "cordonw.exe"
    SetOutPath "$INSTDIR"
    File "${FILES}\cordon.exe"
    File "${FILES}\cordonw.exe"
    File "${FILES}\cordon.ico"
    File "${FILES}\cordon.png"
    File "${FILES}\README.md"
    SetOutPath "$INSTDIR\licences"
    File "${FILES}\licences\*.*"
    SetOutPath "$INSTDIR"
    WriteUninstaller "$INSTDIR\uninstall.exe"

    CreateDirectory "${START}"
    CreateShortcut "${START}\cordon.lnk" "$INSTDIR\cordonw.exe" "" "$INSTDIR\cordon.ico"
    CreateShortcut "${START}\cordon demo.lnk" "$INSTDIR\cordonw.exe" "--demo" "$INSTDIR\cordon.ico"
    ; What is wrong with this installation, in a console that stays open.
    CreateShortcut "${START}\cordon doctor.lnk" "$SYSDIR\cmd.exe" '/K ""$INSTDIR\cordon.exe" doctor"' "$INSTDIR\cordon.ico"

    ; Notifications come under this name and picture.
    WriteRegStr HKCU "${NOTIFIER}" "DisplayName" "cordon"
    WriteRegStr HKCU "${NOTIFIER}" "IconUri" "$INSTDIR\cordon.png"
    ; For Win+R and `start cordon`.
    WriteRegStr HKCU "Software\Microsoft\Windows\CurrentVersion\App Paths\cordon.exe" "" "$INSTDIR\cordonw.exe"

    WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "cordon"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\cordon.ico"
    WriteRegStr HKCU "${UNINSTALL}" "Publisher" "cordon"
    WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
    ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
    WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" "$0"
SectionEnd

Section "Uninstall"
    !insertmacro REFUSE_WHILE_RUNNING "cordon.exe"
    !insertmacro REFUSE_WHILE_RUNNING "cordonw.exe"
    ; What was sent and has not ended yet is followed by this program and by nobody else.
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/EVENIFOPEN" $1
    ${If} ${Errors}
    ${AndIf} ${FileExists} "$INSTDIR\cordon.exe"
        nsExec::Exec '"$INSTDIR\cordon.exe" journal open'
        Pop $0
        ${If} $0 != 0
            MessageBox MB_OK|MB_ICONSTOP "cordon still has open entries, actions whose end is not known yet, or its journal cannot be read. Start it, wait for their end, then uninstall it.$\r$\n$\r$\nTo remove it anyway: uninstall.exe /EVENIFOPEN" /SD IDOK
            SetErrorLevel 2
            Quit
        ${EndIf}
    ${EndIf}

    Delete "$INSTDIR\cordon.exe"
    Delete "$INSTDIR\cordonw.exe"
    Delete "$INSTDIR\cordon.ico"
    Delete "$INSTDIR\cordon.png"
    Delete "$INSTDIR\README.md"
    RMDir /r "$INSTDIR\licences"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    RMDir /r "${START}"
    DeleteRegKey HKCU "${NOTIFIER}"
    DeleteRegKey HKCU "Software\Microsoft\Windows\CurrentVersion\App Paths\cordon.exe"
    DeleteRegKey HKCU "${UNINSTALL}"

    ; The account of what was done is evidence: it stays, unless a person says otherwise.
    ${If} ${FileExists} "${DATA}\*.*"
        MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "Remove the journal, the settings and the list of devices as well?$\r$\n$\r$\n${DATA}$\r$\n$\r$\nThe journal is the account of what was done. A sign-in that is saved in the Credential Manager stays there: sign out before you uninstall." /SD IDNO IDNO keep
        RMDir /r "${DATA}"
        keep:
    ${EndIf}
SectionEnd
