package org.mobula.parameterserver.gpu;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import jcuda.runtime.JCuda;
import jcuda.runtime.cudaError;

/**
 * The NVIDIA GPUs of this machine.
 *
 * @param count how many; 0 if there is none or none can be used
 * @param description how many in words and, where there is none, why
 */
public record GpuDevices(int count, String description) {
  /** What the driver leaves on a machine with Linux, and on Linux under Windows. */
  private static final List<Path> LINUX_DRIVER =
      List.of(Path.of("/dev/nvidiactl"), Path.of("/dev/dxg"), Path.of("/proc/driver/nvidia"));

  /**
   * Looks for them. Where no driver is installed no library is loaded. Where there is one, CUDA's
   * runtime is asked, since the classes that need the driver cannot even be initialised without
   * one. Never throws.
   */
  public static GpuDevices find() {
    return find(driver());
  }

  /** The driver's library by its name on Windows, its devices elsewhere. */
  private static List<Path> driver() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String windows = System.getenv("SystemRoot");
    return system.startsWith("windows") && windows != null
        ? List.of(Path.of(windows, "System32", "nvcuda.dll"))
        : LINUX_DRIVER;
  }

  /** Looks for them where one of these paths exists. */
  static GpuDevices find(List<Path> driver) {
    if (driver.stream().noneMatch(Files::exists)) {
      return none(
          "no NVIDIA driver is installed: there is none of "
              + String.join(", ", driver.stream().map(Path::toString).toList()));
    }
    int[] count = {0};
    int code;
    try {
      code = JCudaLibraries.load(() -> JCuda.cudaGetDeviceCount(count));
    } catch (LinkageError e) {
      return none(
          "JCuda's native library does not load on %s %s (%s): add org.jcuda:jcuda-natives:12.6.0 with the classifier linux-x86_64 or windows-x86_64, the only ones, to the class path; it is unpacked into a directory in %s, which must allow execution"
              .formatted(
                  System.getProperty("os.name"),
                  System.getProperty("os.arch"),
                  firstLine(e),
                  System.getProperty("java.io.tmpdir")));
    } catch (RuntimeException e) { // no directory, or somebody has switched JCuda's exceptions on
      return none(firstLine(e));
    }
    if (code == cudaError.cudaErrorInsufficientDriver) {
      return none("the NVIDIA driver is not installed or older than CUDA 12");
    }
    if (code == cudaError.cudaErrorNoDevice) {
      return none("the NVIDIA driver sees no GPU; CUDA_VISIBLE_DEVICES may hide it");
    }
    if (code != cudaError.cudaSuccess) {
      return none("the NVIDIA driver answers " + cudaError.stringFor(code));
    }
    return of(count[0]);
  }

  private static GpuDevices of(int count) {
    if (count == 0) {
      return none("the NVIDIA driver sees no GPU");
    }
    return new GpuDevices(count, count == 1 ? "1 GPU" : count + " GPUs");
  }

  private static GpuDevices none(String reason) {
    return new GpuDevices(0, "no GPU (" + reason + ")");
  }

  private static String firstLine(Throwable e) {
    return e.toString().lines().findFirst().orElse("");
  }
}
