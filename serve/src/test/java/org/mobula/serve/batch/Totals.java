package org.mobula.serve.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.mobula.serve.model.Batch;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Model;
import org.mobula.serve.model.ModelRunner;
import org.mobula.serve.model.Signature;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;

/** Adds up what each session has given it; fails on what is negative. */
public final class Totals implements Model {
  private static final long serialVersionUID = 1L;

  @Override
  public Signature signature() {
    return new Signature(List.of(numbers("x")), List.of(numbers("total")));
  }

  @Override
  public List<TensorSpec> state() {
    return List.of(numbers("sum"));
  }

  private static TensorSpec numbers(String name) {
    return new TensorSpec(name, Datatype.FP32, List.of(-1));
  }

  @Override
  public String platform() {
    return "test";
  }

  @Override
  public void check(List<Tensor> inputs, Map<String, Object> parameters) {}

  @Override
  public ModelRunner runner() {
    return new ModelRunner() {
      @Override
      public List<Tensor> compute(Batch batch) {
        float[] sums = batch.inputs().get(1).floats().clone();
        for (int i = 0; i < sums.length; i++) {
          float x = batch.inputs().get(0).floats()[i];
          if (x < 0) {
            throw new IllegalArgumentException("negative");
          }
          sums[i] += x;
        }
        List<Tensor> outputs = new ArrayList<>();
        outputs.add(Tensor.of("total", sums, sums.length));
        outputs.add(Tensor.of("sum", sums, sums.length));
        return outputs;
      }

      @Override
      public void close() {}
    };
  }
}
