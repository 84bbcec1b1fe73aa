package org.mobula.parameterserver.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompileResult;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.optimizer.BlockNorm;

/** The PTX files, without a GPU. */
class PtxTest {
  static Iterable<String> modules() {
    return new TreeSet<>(Kernel.ALL.stream().map(Kernel::module).toList());
  }

  static Stream<Kernel> kernels() {
    return Kernel.ALL.stream();
  }

  /** Volta and Turing, Ampere, Hopper, with NVIDIA's own assembler. */
  @ParameterizedTest
  @MethodSource("modules")
  void everyFileIsAssembled(String module) {
    for (String architecture : List.of("sm_70", "sm_80", "sm_90")) {
      assertThat(assemble(Kernel.ptx(module), architecture))
          .as("%s for %s", module, architecture)
          .isEmpty();
    }
  }

  @Test
  void aMistakeIsRefusedWithItsLine() {
    String broken = Kernel.ptx("norm.ptx").replaceFirst("add\\.rn\\.f64", "add.rm.rn.f64");
    int line = broken.substring(0, broken.indexOf("add.rm.rn")).split("\n", -1).length;
    assertThat(assemble(broken, "sm_70")).contains("line " + line + ";");
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void everyKernelIsCalledAsItIsDeclared(Kernel kernel) {
    PtxModule.Entry entry = PtxModule.parse(Kernel.ptx(kernel.module())).entry(kernel.entry());
    assertThat(entry.parameters().stream().map(PtxModule.Parameter::type))
        .containsExactlyElementsOf(
            kernel.parameters().stream().map(Kernel.Parameter::ptxType).toList());
    assertThat(entry.blockSize()).isEqualTo(kernel.blockSize());
  }

  @Test
  void everyDeclaredKernelIsKnown() {
    for (String module : modules()) {
      assertThat(PtxModule.parse(Kernel.ptx(module)).entries().keySet())
          .containsExactlyInAnyOrderElementsOf(
              Kernel.ALL.stream()
                  .filter(kernel -> kernel.module().equals(module))
                  .map(Kernel::entry)
                  .toList());
    }
  }

  /** The assembler of CUDA 12.0 takes the whole process down with it where that happens. */
  @Test
  void noParameterHasTheNameOfAKernel() {
    Set<String> names = new TreeSet<>(Kernel.ALL.stream().map(Kernel::entry).toList());
    for (String module : modules()) {
      for (PtxModule.Entry entry : PtxModule.parse(Kernel.ptx(module)).entries().values()) {
        assertThat(entry.parameters().stream().map(PtxModule.Parameter::name))
            .doesNotContainAnyElementsOf(names);
      }
    }
  }

  /** What would make bits differ from Java's: operations in one, and subnormal numbers cut off. */
  @ParameterizedTest
  @MethodSource("kernels")
  void everyOperationIsRoundedAsInJava(Kernel kernel) {
    PtxModule.Entry entry = PtxModule.parse(Kernel.ptx(kernel.module())).entry(kernel.entry());
    assertThat(entry.instructions().stream().map(PtxModule.Instruction::operation))
        .noneMatch(
            operation -> operation.matches("fma.*|mad.*f(32|64)|.*approx.*|.*ftz.*|.*full.*"))
        .noneMatch(operation -> operation.matches("(add|sub|mul|div|sqrt)\\.f(32|64)"));
  }

  /** Each lane adds in a fixed order, so there are no more threads to be had. */
  @Test
  void sumsOfSquaresReachEveryMultiprocessor() {
    long lanes = 8L * BlockNorm.blocks(10_000_000);
    assertThat(Kernel.LANE_SUMS_OF_SQUARES.blocks(lanes)).isEqualTo(611).isGreaterThan(4 * 132);
  }

  @Test
  void saysWhatIsWrongWithArguments() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Kernel.SCALE.check(List.of(1L, 2)))
        .withMessage("kernel scale takes 3 arguments but gets 2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Kernel.SCALE.check(List.of(1L, 2, 3.0)))
        .withMessage("argument 2 of kernel scale is a Double but must be a Float");
  }

  // ---- the interpreter is strict

  @Test
  void theInterpreterKnowsOnlyWhatItKnows() {
    assertRefused("    .reg .f32 %x;\n    ex2.approx.f32 %x, 0f3F800000;", "is not known here");
    assertRefused(
        "    .reg .u32 %x, %y;\n    add.u32 %x, %y, 1;", "%y is read before it is written");
    assertRefused(
        "    .reg .u64 %a;\n    .reg .f32 %x;\n    ld.param.u64 %a, [a];\n"
            + "    ld.global.f32 %x, [%a+1024];",
        "lies outside of every array");
    assertRefused(
        "    .reg .u64 %a;\n    .reg .f32 %x, %y;\n    ld.param.u64 %a, [a];\n"
            + "    ld.global.v2.f32 {%x, %y}, [%a+4];",
        "is not aligned");
    assertRefused(
        "    .reg .u64 %a;\n    ld.param.u64 %a, [a];\n    st.global.u32 [%a], 1;",
        "thread 1: st.global.u32 [%a], 1: another thread has been at byte 0");
    assertRefused("NEXT:\n    bra NEXT;", "does not end");
  }

  private static void assertRefused(String body, String reason) {
    PtxInterpreter interpreter = new PtxInterpreter();
    long address = interpreter.allocate(1024);
    PtxModule module =
        PtxModule.parse(
            ".visible .entry test(\n    .param .u64 a)\n.reqntid 32, 1, 1\n{\n" + body + "\n}\n");
    PtxModule.Entry entry = module.entry("test");
    assertThatIllegalStateException()
        .isThrownBy(() -> interpreter.launch(entry, 1, List.of(address)))
        .withMessageContaining(reason);
  }

  // ---- NVIDIA's assembler; it needs neither a GPU nor a driver

  /** The errors, or nothing. */
  private static String assemble(String ptx, String architecture) {
    byte[] text = (ptx + '\0').getBytes(StandardCharsets.US_ASCII);
    nvPTXCompilerHandle compiler = new nvPTXCompilerHandle();
    assertThat(JNvPTXCompiler.nvPTXCompilerCreate(compiler, text.length, text))
        .isEqualTo(nvPTXCompileResult.NVPTXCOMPILE_SUCCESS);
    try {
      String[] options = {"--gpu-name=" + architecture, "--warning-as-error"};
      int result = JNvPTXCompiler.nvPTXCompilerCompile(compiler, options.length, options);
      long[] size = new long[1];
      if (result == nvPTXCompileResult.NVPTXCOMPILE_SUCCESS) {
        JNvPTXCompiler.nvPTXCompilerGetCompiledProgramSize(compiler, size);
        assertThat(size[0]).isPositive();
        return "";
      }
      JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(compiler, size);
      byte[] log = new byte[(int) size[0] + 1];
      JNvPTXCompiler.nvPTXCompilerGetErrorLog(compiler, log);
      return nvPTXCompileResult.stringFor(result)
          + " "
          + new String(log, StandardCharsets.UTF_8).replace("\0", "");
    } finally {
      JNvPTXCompiler.nvPTXCompilerDestroy(compiler);
    }
  }
}
