package org.mobula.core.network.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import java.io.Serializable;
import java.util.List;
import java.util.function.Supplier;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.random.Pcg64;

/**
 * A network of the user's own DJL block: one input array {@code [batch, inputShape…]}, one output
 * array {@code [batch, outputs]}.
 *
 * <p>The block always computes as it would when predicting: dropout lets everything through, so
 * that the policy that acts is the policy that learns. Parameters carry the block's own names and
 * start as its initializers say.
 *
 * <p>Multiply and divide by arrays, not by Java's numbers: DJL 0.36.0 keeps a number in memory that
 * the next garbage collection frees, although PyTorch needs it for the gradient. DJL's {@code
 * swish} does so, too; {@code Activation.sigmoid(x).mul(x)} does not.
 *
 * @param block makes the block, afresh at each call; travels to workers, so it must be serializable
 * @param inputShape sizes of one input, without the batch
 * @param outputs columns that the block computes
 */
public record BlockSpec(BlockSupplier block, List<Integer> inputShape, int outputs)
    implements NetworkSpec {

  /** Makes a block. */
  @FunctionalInterface
  public interface BlockSupplier extends Supplier<Block>, Serializable {}

  /**
   * The block of a supplier that is known by name, as files name it.
   *
   * @param supplier a {@link BlockSupplier} on the class path with a public constructor without
   *     arguments
   * @throws IllegalArgumentException if there is no such class
   */
  public static BlockSpec named(String supplier, List<Integer> inputShape, int outputs) {
    try {
      // Its type is asked before any of its code runs: files of others name it.
      Class<?> type =
          Class.forName(supplier, false, Thread.currentThread().getContextClassLoader());
      if (!BlockSupplier.class.isAssignableFrom(type)) {
        throw new IllegalArgumentException(
            supplier
                + " is on the class path but does not implement "
                + BlockSupplier.class.getName());
      }
      BlockSupplier block = (BlockSupplier) type.getConstructor().newInstance();
      return new BlockSpec(block, inputShape, outputs);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          supplier
              + " cannot be made: it must be a public class on the class path with a public"
              + " constructor without arguments",
          e);
    }
  }

  /** Checks the sizes. */
  public BlockSpec {
    inputShape = List.copyOf(inputShape);
    if (inputShape.isEmpty() || inputShape.stream().anyMatch(size -> size < 1)) {
      throw new IllegalArgumentException(
          "the input shape is " + inputShape + " but needs sizes ≥ 1");
    }
    if (outputs < 1) {
      throw new IllegalArgumentException("block outputs is " + outputs + " but must be ≥ 1");
    }
  }

  @Override
  public int inputs() {
    return inputShape.stream().reduce(1, Math::multiplyExact);
  }

  /** Builds the block once to ask it; keep the result. */
  @Override
  public ParameterLayout layout() {
    try (NDManager scope = DjlEngine.newScope()) {
      return layout(new BlockFunction(this, scope).block());
    }
  }

  ParameterLayout layout(Block initialized) {
    ParameterLayout.Builder layout = new ParameterLayout.Builder();
    for (Pair<String, Parameter> parameter : initialized.getParameters()) {
      long[] shape = parameter.getValue().getShape().getShape();
      int[] sizes = new int[shape.length];
      for (int i = 0; i < sizes.length; i++) {
        sizes[i] = Math.toIntExact(shape[i]);
      }
      layout.add(parameter.getKey(), sizes);
    }
    return layout.build();
  }

  @Override
  public float[] initialParameters(Pcg64 random) {
    synchronized (BlockFunction.RANDOM) {
      DjlEngine.engine().setRandomSeed((int) random.nextLong());
      try (NDManager scope = DjlEngine.newScope()) {
        BlockFunction function = new BlockFunction(this, scope);
        ParameterLayout layout = layout(function.block());
        float[] parameters = new float[layout.size()];
        for (int i = 0; i < layout.entries().size(); i++) {
          ParameterLayout.Entry entry = layout.entries().get(i);
          Tensors.read(function.parameters().get(i), parameters, entry.offset());
        }
        return parameters;
      }
    }
  }

  Shape batchShape(long batch) {
    return new Shape(batch)
        .addAll(new Shape(inputShape.stream().mapToLong(Integer::longValue).toArray()));
  }
}
