package org.mobula.parameterserver.gpu;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * A GPU through the driver API, which is all that must be installed. Uses the device's primary
 * context, which PyTorch in the same process uses, too, and a stream of its own. The driver
 * compiles the PTX for whatever GPU it finds.
 *
 * <p>Not to be initialised where {@link GpuDevices} finds nothing: its library needs the driver's.
 */
final class CudaDevice implements Device {
  private static final int STAGING_BYTES = 4 << 20;

  /** Blocks for each multiprocessor: enough to hide the memory's latency in a grid-stride loop. */
  private static final int BLOCKS_PER_MULTIPROCESSOR = 16;

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final String description;
  private final int multiprocessors;
  private final Map<String, CUmodule> modules = new HashMap<>();
  private final Map<Kernel, CUfunction> functions = new HashMap<>();
  private final Set<CudaMemory> memories = new HashSet<>();
  private final Deque<Staging> stagings = new ArrayDeque<>();
  private @Nullable CUstream stream;
  private boolean closed;

  /**
   * Opens a device.
   *
   * @throws IllegalStateException if it cannot be used, or the driver's library cannot be loaded
   */
  static CudaDevice open(int index) {
    int code;
    try {
      code = JCudaLibraries.load(() -> JCudaDriver.cuInit(0));
    } catch (LinkageError e) {
      throw new IllegalStateException(
          "the NVIDIA driver's library does not load (%s): install the driver of this machine's GPU, or compute on the CPU"
              .formatted(e.toString().lines().findFirst().orElse("")),
          e);
    }
    check(code, "cuInit", "the driver");
    CudaDevice opened = new CudaDevice(index);
    try {
      opened.prepare();
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private CudaDevice(int index) {
    check(JCudaDriver.cuDeviceGet(device, index), "cuDeviceGet", "device " + index);
    byte[] name = new byte[256];
    check(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName", "" + index);
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    description =
        "%s (device %s)".formatted(new String(name, 0, length, StandardCharsets.UTF_8), index);
    multiprocessors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    int major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    if (major < 7) {
      throw new IllegalStateException(
          "%s has compute capability %s.%s but the kernels need 7.0: compute on the CPU"
              .formatted(
                  description, major, attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)));
    }
    check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
  }

  private int attribute(int attribute) {
    int[] value = new int[1];
    check(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
    return value[0];
  }

  private void prepare() {
    inContext(
        () -> {
          CUstream created = new CUstream();
          check(
              JCudaDriver.cuStreamCreate(created, CUstream_flags.CU_STREAM_NON_BLOCKING),
              "cuStreamCreate");
          stream = created;
          // While one piece is on its way the next is filled.
          stagings.add(new Staging());
          stagings.add(new Staging());
          for (Kernel kernel : Kernel.ALL) {
            CUfunction function = new CUfunction();
            check(
                JCudaDriver.cuModuleGetFunction(function, module(kernel.module()), kernel.entry()),
                "cuModuleGetFunction of " + kernel.entry());
            functions.put(kernel, function);
          }
        });
  }

  private CUmodule module(String name) {
    CUmodule known = modules.get(name);
    if (known != null) {
      return known;
    }
    CUmodule module = new CUmodule();
    check(
        JCudaDriver.cuModuleLoadDataEx(
            module, Kernel.ptx(name), 0, new int[0], Pointer.to(new int[0])),
        "cuModuleLoadDataEx of " + name);
    modules.put(name, module);
    return module;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public Memory allocate(long bytes) {
    CudaMemory memory = new CudaMemory(bytes);
    inContext(
        () ->
            check(
                JCudaDriver.cuMemAlloc(memory.pointer, bytes),
                "cuMemAlloc of " + bytes + " bytes"));
    memories.add(memory);
    return memory;
  }

  /** The driver waits for what still uses it. */
  @Override
  public void free(Memory memory) {
    if (!closed && memories.remove((CudaMemory) memory)) {
      inContext(() -> check(JCudaDriver.cuMemFree(((CudaMemory) memory).pointer), "cuMemFree"));
    }
  }

  @Override
  public void zero(Memory memory, long bytes) {
    if (bytes > 0) {
      inContext(
          () ->
              check(
                  JCudaDriver.cuMemsetD8Async(
                      ((CudaMemory) memory).pointer, (byte) 0, bytes, stream),
                  "cuMemsetD8Async"));
    }
  }

  @Override
  public void copy(Memory source, Memory destination, long bytes) {
    if (bytes > 0) {
      inContext(
          () ->
              check(
                  JCudaDriver.cuMemcpyDtoDAsync(
                      ((CudaMemory) destination).pointer,
                      ((CudaMemory) source).pointer,
                      bytes,
                      stream),
                  "cuMemcpyDtoDAsync"));
    }
  }

  @Override
  public void write(Memory memory, long offset, long bytes, Piece source) {
    inContext(
        () -> {
          for (long from = 0; from < bytes; from += STAGING_BYTES) {
            int count = (int) Math.min(STAGING_BYTES, bytes - from);
            Staging staging = stagings.removeFirst();
            stagings.addLast(staging);
            staging.await();
            source.at(staging.buffer(count), from);
            check(
                JCudaDriver.cuMemcpyHtoDAsync(
                    ((CudaMemory) memory).pointer.withByteOffset(offset + from),
                    staging.pinned,
                    count,
                    stream),
                "cuMemcpyHtoDAsync");
            staging.markBusy();
          }
        });
  }

  @Override
  public void read(Memory memory, long offset, long bytes, Piece destination) {
    inContext(
        () -> {
          startReading(memory, offset, 0, bytes);
          for (long from = 0; from < bytes; from += STAGING_BYTES) {
            Staging staging = stagings.removeFirst();
            stagings.addLast(staging);
            startReading(memory, offset, from + STAGING_BYTES, bytes);
            staging.await();
            destination.at(staging.buffer((int) Math.min(STAGING_BYTES, bytes - from)), from);
          }
        });
  }

  /** Into the first staging buffer, which {@link #read} puts last when it waits for it. */
  private void startReading(Memory memory, long offset, long from, long bytes) {
    if (from < bytes) {
      Staging staging = stagings.getFirst();
      // What it held may still be on its way out.
      staging.await();
      check(
          JCudaDriver.cuMemcpyDtoHAsync(
              staging.pinned,
              ((CudaMemory) memory).pointer.withByteOffset(offset + from),
              Math.min(STAGING_BYTES, bytes - from),
              stream),
          "cuMemcpyDtoHAsync");
      staging.markBusy();
    }
  }

  @Override
  public void launch(Kernel kernel, long threads, List<Object> arguments) {
    CUfunction function = functions.get(kernel);
    if (function == null) {
      throw new IllegalArgumentException("kernel " + kernel.entry() + " is not loaded");
    }
    NativePointerObject[] pointers = new NativePointerObject[arguments.size()];
    for (int i = 0; i < pointers.length; i++) {
      pointers[i] = pointerTo(arguments.get(i));
    }
    int grid =
        (int) Math.min(kernel.blocks(threads), (long) multiprocessors * BLOCKS_PER_MULTIPROCESSOR);
    inContext(
        () ->
            check(
                JCudaDriver.cuLaunchKernel(
                    function,
                    grid,
                    1,
                    1,
                    kernel.blockSize(),
                    1,
                    1,
                    0,
                    stream,
                    Pointer.to(pointers),
                    null),
                "cuLaunchKernel of " + kernel.entry()));
  }

  private static Pointer pointerTo(Object argument) {
    if (argument instanceof Long address) {
      return Pointer.to(new long[] {address});
    } else if (argument instanceof Integer number) {
      return Pointer.to(new int[] {number});
    }
    return Pointer.to(new float[] {(Float) argument});
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    // A close that fails half-way would hide what went wrong before, so codes are not looked at.
    JCudaDriver.cuCtxPushCurrent(context);
    if (stream != null) {
      JCudaDriver.cuStreamSynchronize(stream);
    }
    memories.forEach(memory -> JCudaDriver.cuMemFree(memory.pointer));
    stagings.forEach(Staging::close);
    modules.values().forEach(JCudaDriver::cuModuleUnload);
    if (stream != null) {
      JCudaDriver.cuStreamDestroy(stream);
    }
    JCudaDriver.cuCtxPopCurrent(new CUcontext());
    JCudaDriver.cuDevicePrimaryCtxRelease(device);
  }

  private void inContext(Runnable work) {
    if (closed) {
      throw new IllegalStateException("the arithmetic on " + description + " is closed");
    }
    check(JCudaDriver.cuCtxPushCurrent(context), "cuCtxPushCurrent");
    try {
      work.run();
    } finally {
      JCudaDriver.cuCtxPopCurrent(new CUcontext());
    }
  }

  private void check(int code, String call) {
    check(code, call, description);
  }

  private static void check(int code, String call, String where) {
    if (code == CUresult.CUDA_SUCCESS) {
      return;
    }
    String[] text = {""};
    JCudaDriver.cuGetErrorString(code, text);
    String remedy =
        code == CUresult.CUDA_ERROR_OUT_OF_MEMORY
            ? ": let the shard's vectors be shorter by starting more shards, or end other programs there"
            : "";
    throw new IllegalStateException(
        "%s on %s fails with %s (%s)%s"
            .formatted(call, where, CUresult.stringFor(code), text[0], remedy));
  }

  /** A pointer that tells where it points. */
  private static final class DevicePointer extends CUdeviceptr {
    long address() {
      return getNativePointer();
    }
  }

  private static final class CudaMemory implements Memory {
    private final DevicePointer pointer = new DevicePointer();
    private final long bytes;

    CudaMemory(long bytes) {
      this.bytes = bytes;
    }

    @Override
    public long address() {
      return pointer.address();
    }

    @Override
    public long bytes() {
      return bytes;
    }
  }

  /** Host memory that the device reads and writes by itself. */
  private final class Staging implements AutoCloseable {
    private final Pointer pinned = new Pointer();
    private final CUevent done = new CUevent();

    Staging() {
      check(JCudaDriver.cuMemAllocHost(pinned, STAGING_BYTES), "cuMemAllocHost");
      int code = JCudaDriver.cuEventCreate(done, CUevent_flags.CU_EVENT_DISABLE_TIMING);
      if (code != CUresult.CUDA_SUCCESS) {
        JCudaDriver.cuMemFreeHost(pinned);
        check(code, "cuEventCreate");
      }
    }

    ByteBuffer buffer(int bytes) {
      return pinned.getByteBuffer(0, bytes);
    }

    void markBusy() {
      check(JCudaDriver.cuEventRecord(done, stream), "cuEventRecord");
    }

    /** At once if nothing is on its way. */
    void await() {
      check(JCudaDriver.cuEventSynchronize(done), "cuEventSynchronize");
    }

    @Override
    public void close() {
      JCudaDriver.cuEventDestroy(done);
      JCudaDriver.cuMemFreeHost(pinned);
    }
  }
}
