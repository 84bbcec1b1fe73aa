package org.mobula.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.doctor.Diagnosis.Finding;
import org.mobula.cli.doctor.Diagnosis.Gpu;
import org.mobula.cli.doctor.Diagnosis.Java;
import org.mobula.cli.doctor.Diagnosis.Machine;
import org.mobula.cli.doctor.Diagnosis.PyTorch;
import org.mobula.cli.doctor.Diagnosis.Started;
import org.mobula.cli.doctor.Diagnosis.VectorApi;
import org.mobula.cli.process.MobulaVersion;
import org.mobula.cli.process.VectorModule;
import org.mobula.rollout.gymnasium.PythonPackages;

/** Looks at the JVM, the machine and the engines. Starts nothing that is not asked for. */
final class Examination {
  private static final long MIB = 1 << 20;

  private Examination() {}

  static Diagnosis examine(boolean startEngines, @Nullable String python) {
    VectorApi vectors = vectorApi();
    PyTorch pytorch = pytorch(startEngines);
    List<Gpu> gpus = GpuDrivers.nvidia();
    PythonPackages packages = PythonPackages.of(python);
    List<Finding> findings = new ArrayList<>(findings(vectors, pytorch, gpus));
    findings.addAll(findings(packages));
    return new Diagnosis(
        MobulaVersion.current(), java(), machine(), vectors, pytorch, gpus, packages, findings);
  }

  private static Java java() {
    return new Java(
        System.getProperty("java.version"),
        System.getProperty("java.vendor"),
        System.getProperty("java.vm.name"),
        System.getProperty("java.home"),
        Runtime.getRuntime().maxMemory() / MIB);
  }

  private static Machine machine() {
    long memory =
        ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
            ? system.getTotalMemorySize()
            : 0;
    return new Machine(
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("os.arch"),
        Runtime.getRuntime().availableProcessors(),
        memory / MIB);
  }

  private static VectorApi vectorApi() {
    Optional<String> obstacle = VectorModule.load();
    return obstacle.isPresent()
        ? new VectorApi(false, 0, obstacle.get())
        : new VectorApi(true, VectorModule.preferredBits(), null);
  }

  private static PyTorch pytorch(boolean start) {
    Properties engine = resource("pytorch-engine.properties");
    Properties library = resource("native/lib/pytorch.properties");
    String ownLibrary = System.getenv("PYTORCH_LIBRARY_PATH"); // DJL prefers it to the packaged one
    PyTorch asleep =
        ownLibrary == null
            ? new PyTorch(
                engine.getProperty("djl_version"),
                library.getProperty("version"),
                library.getProperty("flavor"),
                null)
            : new PyTorch(
                engine.getProperty("djl_version"),
                ownLibrary,
                System.getenv("PYTORCH_FLAVOR"),
                null);
    return start && asleep.present()
        ? new PyTorch(asleep.djl(), asleep.library(), asleep.flavor(), startPyTorch())
        : asleep;
  }

  /** By name, because a build may leave the engine out. */
  private static Started startPyTorch() {
    long begin = System.nanoTime();
    int devices = 0;
    String error = null;
    try {
      Class<?> engineClass = Class.forName("ai.djl.engine.Engine");
      Object engine = engineClass.getMethod("getEngine", String.class).invoke(null, "PyTorch");
      devices = (int) engineClass.getMethod("getGpuCount").invoke(engine);
    } catch (InvocationTargetException e) {
      error = rootCause(e).toString();
    } catch (ReflectiveOperationException | LinkageError e) {
      error = e.toString();
    }
    return new Started((System.nanoTime() - begin) / 1e9, devices, error);
  }

  private static Throwable rootCause(Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static Properties resource(String name) {
    Properties properties = new Properties();
    try (InputStream stream = Examination.class.getClassLoader().getResourceAsStream(name)) {
      if (stream != null) {
        properties.load(stream);
      }
    } catch (IOException e) {
      // Half a jar is no jar: what could not be read counts as missing.
    }
    return properties;
  }

  /** Says what is missing, from what was found alone. */
  static List<Finding> findings(VectorApi vectors, PyTorch pytorch, List<Gpu> gpus) {
    List<Finding> findings = new ArrayList<>();
    if (!vectors.present()) {
      findings.add(
          new Finding(
              !pytorch.present(),
              "the Vector API (%s): multilayer perceptrons train on PyTorch instead, slower"
                  .formatted(vectors.whyAbsent()),
              "start through bin/mobula, on a full JDK 17 or newer"));
    }
    if (!pytorch.present()) {
      findings.add(
          new Finding(
              !vectors.present(),
              "the PyTorch engine (%s): convolutions and recurrent networks cannot be trained"
                  .formatted(
                      pytorch.djl() == null
                          ? "not on the class path"
                          : "no library for "
                              + System.getProperty("os.name")
                              + " on "
                              + System.getProperty("os.arch")),
              "build on Linux x86-64 or arm64, macOS arm64 or Windows x86-64, or add "
                  + "ai.djl.pytorch:pytorch-native-cpu for this machine to lib/"));
    }
    @Nullable Started started = pytorch.started();
    if (started != null && started.error() != null) {
      findings.add(
          new Finding(
              !vectors.present(),
              "a PyTorch engine that starts: " + started.error(),
              "delete ~/.djl.ai and try again; on Linux it needs glibc 2.28 or newer"));
    }
    if (!gpus.isEmpty() && "cpu".equals(pytorch.flavor())) {
      findings.add(
          new Finding(
              false,
              "a PyTorch library for the GPU: this one computes on the CPU only",
              "pip install torch==%s, then set PYTORCH_LIBRARY_PATH to its folder torch/lib"
                  .formatted(version(pytorch))));
    }
    return findings;
  }

  /** What of Python's environments cannot be stepped. */
  static List<Finding> findings(PythonPackages python) {
    if (python.error() != null) {
      return List.of(
          new Finding(
              false,
              "Python (%s does not start: %s): environments of Gymnasium and EnvPool cannot be stepped"
                  .formatted(python.command(), python.error()),
              "install Python 3.10 or newer, or name one by --python"));
    }
    return python
        .remedy()
        .map(
            remedy ->
                new Finding(
                    false,
                    "%s in %s: %s"
                        .formatted(
                            String.join(", ", python.missing()),
                            python.executable(),
                            python.canStep()
                                ? "their environments cannot be made"
                                : "environments of Python cannot be stepped"),
                    remedy))
        .map(List::of)
        .orElse(List.of());
  }

  /** PyTorch's version without the date that DJL puts behind it. */
  private static String version(PyTorch pytorch) {
    String version = pytorch.library();
    return version == null ? "" : version.split("-", 2)[0];
  }
}
