package org.mobula.serve.batch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.mobula.core.runtime.ActorBrokenException;
import org.mobula.serve.model.Batch;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Model;
import org.mobula.serve.model.ModelRunner;
import org.mobula.serve.model.Signature;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;

/**
 * Doubles numbers, when its gate lets it. Zeros alone pass always (replicas warm up on it), {@link
 * #BREAKS} ends its actor, {@link #FAILS} is an error, and others give what no model may.
 */
public final class GatedModel implements Model {
  private static final long serialVersionUID = 1L;

  static final float BREAKS = -1;
  static final float FAILS = -2;
  static final float GIVES_A_ROW_TOO_MANY = -3;
  static final float GIVES_NOTHING = -4;

  private static final AtomicInteger KEYS = new AtomicInteger();
  private static final Map<Integer, Gate> GATES = new ConcurrentHashMap<>();

  private final int key = KEYS.incrementAndGet();
  private final boolean cannotStart;

  public GatedModel(boolean cannotStart) {
    this.cannotStart = cannotStart;
    GATES.put(key, new Gate());
  }

  /** Known to all copies of a model. */
  public static final class Gate {
    public final Semaphore entered = new Semaphore(0);
    public final Semaphore open = new Semaphore(0);

    /** A replica takes one to start. */
    public final Semaphore starts = new Semaphore(1_000_000);

    public final List<Integer> batchRows = Collections.synchronizedList(new ArrayList<>());
  }

  public Gate gate() {
    return Objects.requireNonNull(GATES.get(key));
  }

  @Override
  public Signature signature() {
    return new Signature(
        List.of(new TensorSpec("x", Datatype.FP32, List.of(-1))),
        List.of(new TensorSpec("y", Datatype.FP32, List.of(-1))));
  }

  @Override
  public String platform() {
    return "test";
  }

  @Override
  public void check(List<Tensor> inputs, Map<String, Object> parameters) {}

  @Override
  public ModelRunner runner() {
    if (cannotStart) {
      throw new IllegalStateException("no such file");
    }
    gate().starts.acquireUninterruptibly();
    return new ModelRunner() {
      @Override
      public List<Tensor> compute(Batch batch) {
        float[] x = batch.inputs().get(0).floats();
        float[] y = new float[x.length];
        boolean zeros = true;
        for (int i = 0; i < x.length; i++) {
          y[i] = 2 * x[i];
          zeros &= x[i] == 0;
        }
        if (!zeros) {
          gate().batchRows.add(x.length);
          gate().entered.release();
          gate().open.acquireUninterruptibly();
        }
        for (float value : x) {
          if (value == BREAKS) {
            throw new ActorBrokenException("broken", null);
          } else if (value == FAILS) {
            throw new IllegalArgumentException("poison");
          } else if (value == GIVES_A_ROW_TOO_MANY) {
            return List.of(Tensor.of("y", new float[x.length + 1], x.length + 1));
          } else if (value == GIVES_NOTHING) {
            return List.of();
          }
        }
        return List.of(Tensor.of("y", y, y.length));
      }

      @Override
      public void close() {}
    };
  }
}
