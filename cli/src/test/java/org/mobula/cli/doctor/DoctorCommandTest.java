package org.mobula.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.doctor.Diagnosis.Finding;
import org.mobula.cli.doctor.Diagnosis.Gpu;
import org.mobula.cli.doctor.Diagnosis.PyTorch;
import org.mobula.cli.doctor.Diagnosis.Started;
import org.mobula.cli.doctor.Diagnosis.VectorApi;
import org.mobula.rollout.gymnasium.PythonPackages;

class DoctorCommandTest {
  private static final VectorApi VECTORS = new VectorApi(true, 512, null);
  private static final VectorApi NO_VECTORS = new VectorApi(false, 0, "a JRE");
  private static final PyTorch PYTORCH = new PyTorch("0.35.1", "2.7.1-20250812", "cpu", null);
  private static final PyTorch NO_LIBRARY = new PyTorch("0.35.1", null, null, null);

  @Test
  void findsNothingMissingOnAWholeMachine() {
    assertThat(Examination.findings(VECTORS, PYTORCH, List.of())).isEmpty();
  }

  @Test
  void oneEngineIsEnoughToTrain() {
    assertThat(Examination.findings(NO_VECTORS, PYTORCH, List.of()))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.blocks()).isFalse();
              assertThat(finding.missing()).contains("the Vector API (a JRE)");
              assertThat(finding.remedy()).contains("full JDK 17");
            });
    assertThat(Examination.findings(VECTORS, NO_LIBRARY, List.of()))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.blocks()).isFalse();
              assertThat(finding.missing()).contains("no library for");
              assertThat(finding.remedy()).contains("pytorch-native-cpu");
            });
  }

  @Test
  void withoutAnyEngineNothingTrains() {
    assertThat(Examination.findings(NO_VECTORS, NO_LIBRARY, List.of()))
        .extracting(Finding::blocks)
        .containsExactly(true, true);
  }

  @Test
  void saysWhyAnEngineDoesNotStart() {
    PyTorch broken =
        new PyTorch("0.35.1", "2.7.1", "cpu", new Started(0.1, 0, "UnsatisfiedLinkError: libgomp"));
    assertThat(Examination.findings(VECTORS, broken, List.of()))
        .singleElement()
        .satisfies(finding -> assertThat(finding.missing()).contains("libgomp"));
  }

  @Test
  void noticesAGpuThatTheLibraryCannotUse() {
    List<Gpu> gpus = List.of(new Gpu("NVIDIA H200", 143771L, "570.86"));
    assertThat(Examination.findings(VECTORS, PYTORCH, gpus))
        .singleElement()
        .satisfies(finding -> assertThat(finding.missing()).contains("CPU only"))
        .satisfies(finding -> assertThat(finding.remedy()).contains("torch==2.7.1,"));
    PyTorch cuda = new PyTorch("0.35.1", "2.7.1", "cu128", null);
    assertThat(Examination.findings(VECTORS, cuda, gpus)).isEmpty();
  }

  private static PythonPackages python(boolean virtual, Map<String, String> versions) {
    return new PythonPackages("python3", "3.12.1", "/v/bin/python", virtual, versions, null);
  }

  @Test
  void saysWhichPackagesOfPythonAreMissingAndHowToGetThem() {
    assertThat(Examination.findings(python(false, Map.of())))
        .containsExactly(
            new Finding(
                false,
                "gymnasium, pygame-ce, box2d, mujoco, ale-py, opencv-python-headless, envpool in"
                    + " /v/bin/python: environments of Python cannot be stepped",
                "python3 -m venv .venv && .venv/bin/pip install 'gymnasium'"
                    + " 'gymnasium[classic-control]' 'gymnasium[box2d]' 'gymnasium[mujoco]'"
                    + " 'gymnasium[atari]' 'opencv-python-headless' 'envpool', then python: .venv in"
                    + " the file's environment"));
    Map<String, String> most =
        Map.of(
            "gymnasium", "1",
            "pygame-ce", "1",
            "mujoco", "1",
            "ale-py", "1",
            "opencv-python-headless", "1",
            "envpool", "1");
    assertThat(Examination.findings(python(true, most)))
        .containsExactly(
            new Finding(
                false,
                "box2d in /v/bin/python: their environments cannot be made",
                "/v/bin/python -m pip install 'gymnasium[box2d]'"));
    assertThat(
            Examination.findings(
                new PythonPackages("py", null, null, false, Map.of(), "no such file")))
        .containsExactly(
            new Finding(
                false,
                "Python (py does not start: no such file): environments of Gymnasium and EnvPool"
                    + " cannot be stepped",
                "install Python 3.10 or newer, or name one by --python"));
  }

  @Test
  void readsWhatNvidiaSmiSays() {
    assertThat(GpuDrivers.parseSmi("NVIDIA H200, 143771, 570.86.15\nOdd one, [N/A], 570.86.15\n"))
        .containsExactly(
            new Gpu("NVIDIA H200", 143771L, "570.86.15"), new Gpu("Odd one", null, "570.86.15"));
    assertThat(GpuDrivers.parseSmi("No devices were found\n")).isEmpty();
  }

  @Test
  void readsWhatTheKernelDriverSays(@TempDir Path gpus) throws IOException {
    Path device = Files.createDirectory(gpus.resolve("0000:1b:00.0"));
    Files.writeString(device.resolve("information"), "Model: \t\t NVIDIA A10\nIRQ:   \t\t 42\n");
    assertThat(GpuDrivers.fromProc(gpus)).containsExactly(new Gpu("NVIDIA A10", null, null));
    assertThat(GpuDrivers.fromProc(gpus.resolve("none"))).isEmpty();
  }

  @Test
  void printsWhatIsMissingAndTheRemedy() {
    Diagnosis diagnosis =
        new Diagnosis(
            "1.0",
            new Diagnosis.Java("17.0.15", "Debian", "OpenJDK", "/java", 4096),
            new Diagnosis.Machine("Linux 6", "amd64", 2, 8192),
            VECTORS,
            PYTORCH,
            List.of(new Gpu("NVIDIA H200", 143771L, "570.86")),
            python(true, Map.of("gymnasium", "1.4.0", "envpool", "1.2.5")),
            List.of(new Finding(false, "a thing", "get it")));
    StringWriter out = new StringWriter();
    DoctorCommand.print(diagnosis, new PrintWriter(out, true));
    assertThat(out.toString())
        .contains("Vector API  512 bits")
        .contains("Python      3.12.1, /v/bin/python, envpool 1.2.5, gymnasium 1.4.0")
        .contains("NVIDIA H200, 143771 MiB, driver 570.86")
        .contains("2 cores, 8192 MiB memory")
        .contains("Missing: a thing.")
        .contains("Remedy: get it.");
    assertThat(diagnosis.canTrain()).isTrue();
  }
}
