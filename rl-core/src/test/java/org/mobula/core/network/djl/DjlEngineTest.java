package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.Utils;
import org.junit.jupiter.api.Test;

class DjlEngineTest {
  @Test
  void staysSilentOfflineAndOnOneThread() {
    assertThat(DjlEngine.describe()).startsWith("PyTorch ");
    assertThat(System.getProperty("OPT_OUT_TRACKING")).isEqualTo("true");
    assertThat(Utils.isOfflineMode()).isTrue();
    assertThat(JniUtils.getNumThreads()).isEqualTo(1);
    assertThat(JniUtils.getNumInteropThreads()).isEqualTo(1);
  }
}
