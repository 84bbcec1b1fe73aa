@echo off
rem Starts Mobula on Windows; cli/mobula is the same for Linux and macOS and explains the steps.
setlocal
set "here=%~dp0"
set "OPT_OUT_TRACKING=true"

set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java.exe"
if defined JAVA_HOME if not exist "%java%" (
  echo mobula: JAVA_HOME is %JAVA_HOME%, but there is no bin\java.exe in it.>&2
  echo Point JAVA_HOME at a JDK 17 or newer, or unset it to use the java on PATH.>&2
  exit /b 1
)
if not defined JAVA_HOME (
  where /q java || (
    echo mobula: no Java found: JAVA_HOME is not set and java is not on PATH.>&2
    echo Install a JDK 17 or newer, for example from https://adoptium.net.>&2
    exit /b 1
  )
)

if not exist "%here%pom.xml" (
  set "lib=%here%..\lib"
  goto run
)
set "lib=%here%target\lib"
set "stamp=%here%target\built"
if not exist "%stamp%" goto build
powershell -NoProfile -Command "$built = (Get-Item '%stamp%').LastWriteTime; $sources = Get-ChildItem -Recurse -File '%here%..\pom.xml', '%here%..\*\pom.xml', '%here%..\*\src\main'; if ($sources | Where-Object LastWriteTime -gt $built) { exit 1 }"
if not errorlevel 1 goto run

:build
echo building Mobula (a minute) ...>&2
if not exist "%here%target" mkdir "%here%target"
type nul >"%stamp%.next"
call mvn -B -q -f "%here%..\pom.xml" -pl cli -am package -DskipTests -Dspotless.check.skip -Dassembly.skipAssembly >"%here%target\build.log" 2>&1
if errorlevel 1 (
  type "%here%target\build.log" >&2
  echo mobula: the build failed. It needs Maven 3.8 or newer and a JDK 17 or newer.>&2
  exit /b 1
)
move /y "%stamp%.next" "%stamp%" >nul

:run
for %%j in ("%lib%\cli-*.jar") do set "jar=%%j"
"%java%" -Xshare:auto -Xlog:disable -Xlog:all=error:stderr %MOBULA_JAVA_OPTS% -jar "%jar%" %*
