package org.mobula.parameterserver.gpu;

import jcuda.runtime.JCuda;
import jcuda.runtime.cudaError;

/**
 * The NVIDIA GPUs of this machine.
 *
 * @param count how many; 0 if there is none or none can be used
 * @param description how many in words and, where there is none, why
 */
public record GpuDevices(int count, String description) {
  /**
   * Looks for them. Asks CUDA's runtime, which loads without a driver, because the classes that
   * need the driver cannot even be initialised without one. Its library is unpacked into {@code
   * java.io.tmpdir}, which must allow execution. Never throws.
   */
  public static GpuDevices find() {
    int[] count = {0};
    int code;
    try {
      code = JCuda.cudaGetDeviceCount(count);
    } catch (LinkageError e) {
      return none(
          "JCuda's native library does not load on %s %s (%s): it has one for Linux and Windows on x86_64, and unpacks it into %s"
              .formatted(
                  System.getProperty("os.name"),
                  System.getProperty("os.arch"),
                  firstLine(e),
                  System.getProperty("java.io.tmpdir")));
    } catch (RuntimeException e) { // where somebody has switched JCuda's exceptions on
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
