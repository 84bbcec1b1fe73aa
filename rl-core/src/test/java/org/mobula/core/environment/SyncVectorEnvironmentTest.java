package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SyncVectorEnvironmentTest extends LaneVectorEnvironmentContract {
  @Override
  VectorEnvironment vector(List<? extends Environment> environments, AutoresetMode mode) {
    return new SyncVectorEnvironment(environments, mode);
  }

  @Test
  void closesWhatItMadeWhenTheFactoryFails() {
    List<CountingEnvironment> made = new ArrayList<>();
    EnvironmentFactory factory =
        () -> {
          if (made.size() == 2) {
            throw new IllegalStateException("out of worlds");
          }
          made.add(CountingEnvironment.until(1));
          return made.get(made.size() - 1);
        };
    assertThatThrownBy(() -> new SyncVectorEnvironment(factory, 3, AutoresetMode.SAME_STEP))
        .hasMessage("out of worlds");
    assertThat(made).hasSize(2).allMatch(environment -> environment.closed == 1);
  }
}
