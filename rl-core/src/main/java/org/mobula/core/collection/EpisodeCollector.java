package org.mobula.core.collection;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.collection.ExternalEpisodes.Act;
import org.mobula.core.collection.ExternalEpisodes.Observation;
import org.mobula.core.collection.ExternalEpisodes.Refusal;
import org.mobula.core.collection.ExternalEpisodes.Request;
import org.mobula.core.collection.ExternalEpisodes.Reward;
import org.mobula.core.collection.ExternalEpisodes.Rewards;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.policy.PolicySnapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fills lanes with the steps of episodes that others play; all in the thread that trains. */
final class EpisodeCollector implements ExperienceSource {
  private static final Logger LOG = LoggerFactory.getLogger(EpisodeCollector.class);

  /** How often a collection looks around while nothing comes. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final ExternalEpisodes episodes;
  private final List<Lane> lanes = new ArrayList<>();
  private final Map<String, Session> sessions = new LinkedHashMap<>();

  /** Those that wait for an action, in the order of their requests. */
  private final List<Session> waiting = new ArrayList<>();

  private @Nullable Experience sum;
  private BooleanSupplier stopped = () -> false;
  private long opened;
  private long looked;
  private long version;
  private long environmentSteps;

  /** Where one session's steps are put down. */
  private static final class Lane {
    final RolloutCollector steps;
    @Nullable Session session;

    Lane(RolloutCollector steps) {
      this.steps = steps;
    }
  }

  /** An episode of somebody else's. */
  private static final class Session {
    final String name;
    final long number;
    float[] observation;
    boolean[] mask;
    @Nullable Lane lane;

    /** What asks for the next action. */
    @Nullable Act asking;

    /** Whether an action was given of which nobody has told what came. */
    boolean acting;

    /** Of the last action, as far as it was told by itself. */
    double reward;

    /** Of the steps whose outcome is known. */
    double episodeReturn;

    int steps;
    long heard;

    Session(String name, long number, Observation first) {
      this.name = name;
      this.number = number;
      this.observation = first.observation();
      this.mask = first.mask();
    }

    /** The end of the episode, of which only the observation before it is known. */
    Observation last() {
      return new Observation(name, null, observation, mask, null, true, false);
    }

    /** By which rewards name its last action. */
    String lastAction() {
      return number + "-" + steps;
    }
  }

  EpisodeCollector(ExternalEpisodes episodes, List<RolloutCollector> collectors) {
    this.episodes = episodes;
    for (RolloutCollector collector : collectors) {
      if (collector.environments() != 1) {
        throw new IllegalArgumentException(
            "a lane has " + collector.environments() + " environments but must have 1");
      }
      lanes.add(new Lane(collector));
    }
  }

  @Override
  public int environments() {
    return lanes.size();
  }

  @Override
  public void stopWhen(BooleanSupplier isStopped) {
    stopped = isStopped;
  }

  @Override
  public Experience collect(PolicySnapshot policy, long stepsSoFar) {
    version = policy.parameters().version();
    environmentSteps = stepsSoFar;
    lanes.forEach(lane -> lane.steps.begin(policy));
    looked = episodes.now();
    sessions.values().forEach(session -> session.heard = looked); // while the trainer learnt
    answer();
    while (!lanes.stream().allMatch(lane -> lane.steps.isFull())) {
      if (stopped.getAsBoolean()) {
        throw new CollectionStoppedException();
      }
      Request request = next(LOOK_NANOS);
      take(request);
      if (request == null || episodes.now() - looked >= LOOK_NANOS) {
        lookAround();
      }
      answer();
    }
    return together();
  }

  private void take(@Nullable Request request) {
    if (request instanceof Act act) {
      take(act);
    } else if (request instanceof Rewards rewards) {
      take(rewards);
    }
  }

  private @Nullable Request next(long nanos) {
    if (episodes.isClosed()) {
      throw new IllegalStateException(
          "no more episodes can come: they were closed while training waits for them");
    }
    try {
      return episodes.next(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CollectionStoppedException();
    }
  }

  private Experience together() {
    if (lanes.size() == 1) {
      return lanes.get(0).steps.finish();
    }
    Experience all = sum;
    for (int i = 0; i < lanes.size(); i++) {
      Experience part = lanes.get(i).steps.finish();
      if (all == null) {
        all = new Experience(part.shape, part.steps, lanes.size());
        sum = all;
      }
      if (i == 0) {
        all.clear();
        all.parameterVersion = part.parameterVersion;
      }
      all.place(part, i);
      RunningStatistics measured = part.observationStatistics;
      if (measured != null) {
        RunningStatistics merged = all.observationStatistics;
        if (merged == null) {
          merged = new RunningStatistics(measured.size());
          all.observationStatistics = merged;
        }
        merged.merge(measured);
      }
    }
    return Objects.requireNonNull(all);
  }

  // What is asked and reported.

  private void take(Act act) {
    if (act.isAnswered() || isGone(act)) {
      return;
    }
    Observation shown = act.observation;
    Session session = sessions.get(shown.session());
    if (session != null && Boolean.TRUE.equals(shown.starts())) {
      breakOff(session);
      session = null;
    }
    if (session == null) {
      begin(act);
    } else if (session.asking != null && !session.asking.isAnswered()) {
      episodes.refuse(
          act,
          Refusal.OUT_OF_TURN,
          "session '%s' waits for the answer to another request; make one after the other"
              .formatted(session.name));
    } else if (session.acting) {
      goOn(session, act);
    } else if (shown.isLast()) { // the request that is made again had been for an action
      end(session, act);
      breakOff(session);
    } else {
      ask(session, act);
    }
  }

  private boolean isGone(Act act) {
    if (!act.caller().isGone()) {
      return false;
    }
    episodes.refuse(act, Refusal.LATER, "the client has gone");
    return true;
  }

  private void begin(Act act) {
    Observation shown = act.observation;
    if (Boolean.FALSE.equals(shown.starts()) || shown.reward() != null || shown.isLast()) {
      episodes.refuse(
          act,
          Refusal.UNKNOWN_SESSION,
          "no session '%s' is open that this could continue: it has ended, or was silent for longer than %s s; start another episode, without a reward"
              .formatted(shown.session(), episodes.seconds()));
      return;
    }
    opened++;
    Session session = new Session(shown.session(), opened, shown);
    sessions.put(session.name, session);
    ask(session, act);
  }

  private void ask(Session session, Act act) {
    session.asking = act;
    session.heard = episodes.now();
    waiting.add(session);
  }

  private void goOn(Session session, Act act) {
    Double reward = act.observation.reward();
    record(session, act.observation, reward == null ? 0 : reward);
    if (act.observation.isLast()) {
      end(session, act);
      leave(session);
    } else {
      ask(session, act);
    }
  }

  /** Puts down what came of the last action. */
  private void record(Session session, Observation shown, double reward) {
    RolloutCollector lane = lane(session).steps;
    VectorStep step = lane.step();
    step.rewards[0] = (float) (session.reward + reward);
    step.terminated[0] = shown.terminated();
    step.truncated[0] = shown.truncated();
    float[] observation = shown.observation();
    System.arraycopy(observation, 0, step.observations, 0, observation.length);
    System.arraycopy(observation, 0, step.finalObservations, 0, observation.length);
    System.arraycopy(shown.mask(), 0, step.finalMasks, 0, step.finalMasks.length);
    lane.record();
    lane.show(observation, shown.mask());
    session.acting = false;
    session.observation = observation;
    session.mask = shown.mask();
    session.episodeReturn += step.rewards[0];
    session.steps++;
  }

  private void end(Session session, Act act) {
    if (episodes.claim(act)) {
      act.player.end(session.episodeReturn, session.steps);
    }
  }

  private void take(Rewards request) {
    if (request.isAnswered()) {
      return;
    }
    BitSet unmatched = new BitSet();
    for (int i = 0; i < request.rewards.size(); i++) {
      Reward reward = request.rewards.get(i);
      Session session = named(reward.action());
      if (session == null) {
        unmatched.set(i);
        continue;
      }
      session.reward += reward.reward();
      session.heard = episodes.now();
      if (reward.terminated()) { // nothing follows, so the last observation does for the final one
        record(session, session.last(), 0);
        leave(session);
      } else if (reward.truncated()) {
        lane(session).steps.countEpisode(session.episodeReturn + session.reward, session.steps + 1);
        breakOff(session);
      }
    }
    if (episodes.claim(request)) {
      request.rewarder.counted(unmatched);
    }
  }

  private @Nullable Session named(String action) {
    for (Session session : sessions.values()) {
      if (session.acting && session.lastAction().equals(action)) {
        return session;
      }
    }
    return null;
  }

  // Answers.

  /** Answers those that wait, as far as there is room. */
  private void answer() {
    for (Iterator<Session> each = waiting.iterator(); each.hasNext(); ) {
      Session session = each.next();
      Act act = session.asking;
      if (act == null || sessions.get(session.name) != session) {
        each.remove(); // its episode was broken off
      } else if (act.isAnswered() || isGone(act)) {
        each.remove(); // it has waited for too long; the session may ask again
        session.asking = null;
        session.heard = episodes.now();
      } else {
        Lane lane = room(session);
        if (lane != null) {
          each.remove();
          answer(session, act, lane);
        }
      }
    }
  }

  /** Where a session can take its next step: where it is, or else where nobody is. */
  private @Nullable Lane room(Session session) {
    if (session.lane != null && !session.lane.steps.isFull()) {
      return session.lane;
    }
    for (Lane lane : lanes) {
      if (lane.session == null && !lane.steps.isFull()) {
        return lane;
      }
    }
    return null;
  }

  private void answer(Session session, Act act, Lane lane) {
    session.asking = null;
    session.heard = episodes.now();
    if (!episodes.claim(act)) {
      return;
    }
    Lane former = session.lane;
    if (former != lane) {
      if (former != null) {
        former.steps.breakOff();
        former.session = null;
      }
      session.lane = lane;
      lane.session = session;
      lane.steps.show(session.observation, session.mask);
      lane.steps.continueEpisode(session.episodeReturn, session.steps);
    }
    float[] action = lane.steps.act(environmentSteps);
    session.acting = true;
    session.reward = 0;
    act.player.act(action, session.lastAction(), version);
  }

  // Ends.

  /** Gives up who has been silent for too long, once all who have spoken are heard. */
  private void lookAround() {
    for (Request request = next(0); request != null; request = next(0)) {
      take(request);
    }
    long now = episodes.now();
    looked = now;
    for (Session session : List.copyOf(sessions.values())) {
      if (session.asking == null && now - session.heard > episodes.timeoutNanos()) {
        LOG.warn(
            "Session '{}' was silent for {} s after {} steps: its episode is given up",
            session.name,
            episodes.seconds(),
            session.steps);
        breakOff(session);
      }
    }
  }

  /** Nobody knows how the episode goes on: what is there of it bootstraps. */
  private void breakOff(Session session) {
    if (session.lane != null) {
      session.lane.steps.breakOff();
    }
    leave(session);
  }

  private void leave(Session session) {
    sessions.remove(session.name, session);
    Act act = session.asking;
    if (act != null) {
      session.asking = null;
      episodes.refuse(
          act,
          Refusal.OUT_OF_TURN,
          "session '%s' was started anew by another request".formatted(session.name));
    }
    if (session.lane != null) {
      session.lane.session = null;
      session.lane = null;
    }
  }

  private static Lane lane(Session session) {
    return Objects.requireNonNull(session.lane); // it has acted there
  }

  // State.

  /** Episodes of others cannot be saved: who resumes begins with new sessions. */
  @Override
  public void writeState(DataOutput out) throws IOException {
    for (Lane lane : lanes) {
      lane.steps.writeNewEpisodes(out);
    }
  }

  @Override
  public void readState(DataInput in) throws IOException {
    for (Lane lane : lanes) {
      lane.steps.readState(in);
    }
  }

  /** Who waits hears that the training is over. */
  @Override
  public void close() {
    episodes.close();
    lanes.forEach(lane -> lane.steps.close());
  }
}
