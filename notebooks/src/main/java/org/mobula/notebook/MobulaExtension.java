package org.mobula.notebook;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.function.Function;
import org.dflib.jjava.jupyter.Extension;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.display.RenderFunction;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.mobula.core.metrics.LearningCurve;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.TrainingResult;
import org.mobula.tune.StudyResult;
import org.mobula.tune.report.Chart;

/**
 * What the kernel loads when it finds Mobula on its class path: imports, and how Mobula's values
 * look as the last line of a cell.
 */
public final class MobulaExtension implements Extension {
  private static final String[] IMPORTS = {
    "java.awt.Color",
    "java.awt.Graphics2D",
    "java.awt.image.BufferedImage",
    "java.nio.file.*",
    "java.util.*",
    "org.mobula.core.algorithm.ppo.*",
    "org.mobula.core.environment.*",
    "org.mobula.core.environment.catalogue.*",
    "org.mobula.core.metrics.*",
    "org.mobula.core.optimizer.*",
    "org.mobula.core.policy.*",
    "org.mobula.core.random.*",
    "org.mobula.core.rendering.*",
    "org.mobula.core.runtime.*",
    "org.mobula.core.runtime.local.*",
    "org.mobula.core.space.*",
    "org.mobula.core.training.*",
    "org.mobula.core.training.config.*",
    "org.mobula.notebook.*",
    "org.mobula.parameterserver.*",
    "org.mobula.parameterserver.shard.Consistency",
    "org.mobula.serve.*",
    "org.mobula.tune.*",
    "org.mobula.tune.report.*",
    "org.mobula.tune.scheduler.*",
    "org.mobula.tune.space.*",
  };

  /** For the kernel, which finds the class by its name. */
  public MobulaExtension() {}

  @Override
  public void install(BaseKernel kernel) {
    // Cells compute and draw; nothing may ask for a display.
    System.setProperty("java.awt.headless", "true");
    for (String name : IMPORTS) {
      kernel.evalRaw("import " + name + ";");
    }
    register(kernel.getRenderer());
  }

  static void register(Renderer renderer) {
    show(renderer, Chart.class, "image/svg+xml", Chart::toSvg);
    show(renderer, LearningCurve.class, "image/svg+xml", LearningCurve::svg);
    show(renderer, BufferedImage.class, "image/png", Html::base64);
    show(renderer, Html.class, "text/html", Html::text);
    show(renderer, float[].class, "text/plain", Arrays::toString);
    show(renderer, EvaluationResult.class, "text/html", result -> Html.of(result).text());
    show(renderer, TrainingResult.class, "text/html", result -> Html.of(result).text());
    show(renderer, StudyResult.class, "text/html", result -> Html.of(result).text());
  }

  private static <T> void show(
      Renderer renderer, Class<T> type, String mime, Function<? super T, String> text) {
    RenderFunction<T> function =
        (value, context) -> {
          // Stands where there are no pictures; the values' own text would repeat all their
          // numbers.
          context.getOutputContainer().putData("text/plain", type.getSimpleName());
          context.getOutputContainer().putData(mime, text.apply(value));
        };
    renderer.createRegistration(type).preferring(mime).register(function);
  }
}
