package example;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.mobula.core.environment.Decisions;
import org.mobula.core.environment.DrivenEnvironment;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import umontreal.ssj.simevents.Event;
import umontreal.ssj.simevents.Simulator;

/**
 * Tasks arrive at four machines, and each is sent to one of them at once. A machine works its tasks
 * off one after the other. Most tasks are short and a few are very long, so a short task behind a
 * long one waits many times its own length.
 *
 * <p>The simulator is SSJ, which owns the clock and the loop. The reward of an episode of 300 tasks
 * is minus their mean slowdown: the seconds from arrival to end, divided by the seconds that the
 * task takes alone on the fastest machine. A queue settles when a task will end, so its part of the
 * reward comes with its action.
 *
 * <p>Observed are, as ln(1 + seconds), the work that lies before each machine, and what the task
 * takes on a machine of speed 1. The action is the machine.
 */
public final class Dispatch extends DrivenEnvironment {
  private static final double[] SPEEDS = {0.5, 1, 1, 2};
  private static final int MACHINES = SPEEDS.length;
  private static final double FASTEST = 2;
  private static final int TASKS = 300;

  /** Of the lengths' bounded Pareto distribution, in seconds on a machine of speed 1. */
  private static final double SHORTEST = 1;

  private static final double LONGEST = 500;
  private static final double EXPONENT = 1.1;

  /**
   * Seconds from one arrival to the next, in the mean: four fifths of what the machines can take.
   */
  private static final double PAUSE = meanLength() / (0.5 + 1 + 1 + 2) / 0.8;

  public Dispatch() {
    super(Box.of(0, 20, MACHINES + 1), new Discrete(MACHINES));
  }

  @Override
  protected void run(Decisions decisions) {
    new Episode(decisions).run();
  }

  /** When the observed task would end on each machine, in seconds from now. */
  static double[] ends(float[] observation) {
    double[] ends = new double[MACHINES];
    for (int i = 0; i < MACHINES; i++) {
      ends[i] = Math.expm1(observation[i]) + Math.expm1(observation[MACHINES]) / SPEEDS[i];
    }
    return ends;
  }

  private static double meanLength() {
    double a = EXPONENT;
    double ratio = SHORTEST / LONGEST;
    return a * SHORTEST / (a - 1) * (1 - Math.pow(ratio, a - 1)) / (1 - Math.pow(ratio, a));
  }

  private static final class Episode {
    private final Simulator simulator = new Simulator();
    private final List<Machine> machines = new ArrayList<>();
    private final Decisions decisions;
    private int arrived;

    Episode(Decisions decisions) {
      this.decisions = decisions;
      for (double speed : SPEEDS) {
        machines.add(new Machine(speed));
      }
    }

    void run() {
      simulator.init();
      new Arrival().schedule(0);
      simulator.start(); // returns when nothing is left to happen
      decisions.end(Decisions.End.TERMINATED, observation(0));
    }

    private float[] observation(double length) {
      float[] observation = new float[MACHINES + 1];
      for (int i = 0; i < MACHINES; i++) {
        observation[i] = (float) Math.log1p(Math.max(0, machines.get(i).free - simulator.time()));
      }
      observation[MACHINES] = (float) Math.log1p(length);
      return observation;
    }

    private final class Arrival extends Event {
      Arrival() {
        super(simulator);
      }

      @Override
      public void actions() {
        double length = length(decisions.random());
        int machine = (int) decisions.act(observation(length))[0];
        machines.get(machine).add(new Task(length, simulator.time()));
        arrived++;
        if (arrived < TASKS) {
          schedule(-PAUSE * Math.log(1 - decisions.random().nextDouble()));
        }
      }
    }

    private record Task(double length, double arrival) {}

    /** Works the first task of its queue; the event is its end. */
    private final class Machine extends Event {
      private final Deque<Task> queue = new ArrayDeque<>();
      private final double speed;
      private double free;

      Machine(double speed) {
        super(simulator);
        this.speed = speed;
      }

      void add(Task task) {
        free = Math.max(free, simulator.time()) + task.length / speed;
        queue.add(task);
        decisions.reward(-(free - task.arrival) / (task.length / FASTEST) / TASKS);
        if (queue.size() == 1) {
          schedule(task.length / speed);
        }
      }

      @Override
      public void actions() {
        queue.remove();
        if (!queue.isEmpty()) {
          schedule(queue.element().length / speed);
        }
      }
    }

    private static double length(Pcg64 random) {
      double rest = 1 - Math.pow(SHORTEST / LONGEST, EXPONENT);
      return SHORTEST * Math.pow(1 - random.nextDouble() * rest, -1 / EXPONENT);
    }
  }
}
