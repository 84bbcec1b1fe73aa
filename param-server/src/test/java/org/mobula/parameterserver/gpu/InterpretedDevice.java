package org.mobula.parameterserver.gpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The kernels as they stand in the PTX files, without a GPU. */
public final class InterpretedDevice implements Device {
  /** Few, so that short vectors already go round the kernels' loops. */
  private static final int MOST_BLOCKS = 2;

  /** Small and odd, so that short vectors already travel in pieces. */
  private static final int PIECE = 1000;

  private final PtxInterpreter interpreter = new PtxInterpreter();
  private final Map<String, PtxModule> modules = new HashMap<>();

  private boolean broken;

  private record InterpretedMemory(long address, long bytes) implements Memory {}

  /** That of a shard, by this device. */
  public ShardArithmetic arithmetic() {
    return new KernelArithmetic(this);
  }

  /** From now on every kernel fails. */
  public void breakDown() {
    broken = true;
  }

  /** Arrays that nobody has given back. */
  public int arrays() {
    return interpreter.arrays();
  }

  @Override
  public String description() {
    return "an interpreter";
  }

  @Override
  public Memory allocate(long bytes) {
    return new InterpretedMemory(interpreter.allocate(bytes), bytes);
  }

  @Override
  public void free(Memory memory) {
    interpreter.free(memory.address());
  }

  @Override
  public void zero(Memory memory, long bytes) {
    for (int i = 0; i < bytes; i++) {
      interpreter.bytes(memory.address()).put(i, (byte) 0);
    }
  }

  @Override
  public void copy(Memory source, Memory destination, long bytes) {
    interpreter
        .bytes(destination.address())
        .put(0, interpreter.bytes(source.address()), 0, (int) bytes);
  }

  @Override
  public void write(Memory memory, long offset, long bytes, Piece source) {
    pieces(memory, offset, bytes, source);
  }

  @Override
  public void read(Memory memory, long offset, long bytes, Piece destination) {
    pieces(memory, offset, bytes, destination);
  }

  private void pieces(Memory memory, long offset, long bytes, Piece piece) {
    ByteBuffer all = interpreter.bytes(memory.address());
    for (int from = 0; from < bytes; from += PIECE) {
      int count = (int) Math.min(PIECE, bytes - from);
      piece.at(all.slice((int) offset + from, count).order(ByteOrder.LITTLE_ENDIAN), from);
    }
  }

  @Override
  public void launch(Kernel kernel, long threads, List<Object> arguments) {
    if (broken) {
      throw new IllegalStateException("the interpreter has been broken");
    }
    PtxModule module =
        modules.computeIfAbsent(kernel.module(), name -> PtxModule.parse(Kernel.ptx(name)));
    PtxModule.Entry entry = module.entry(kernel.entry());
    interpreter.launch(entry, (int) Math.min(kernel.blocks(threads), MOST_BLOCKS), arguments);
  }

  @Override
  public void close() {}
}
