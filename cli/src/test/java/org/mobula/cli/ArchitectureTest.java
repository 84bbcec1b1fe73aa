package org.mobula.cli;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The walls of the house, over the classes of every module; the command line sees them all. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArchitectureTest {
  private static final String BASE = "org.mobula";

  /** What protoc wrote is as protoc writes. */
  private static final String GENERATED = BASE + ".serve.grpc.proto";

  /** Rooms of the command line for all commands; each other one is a command's. */
  private static final Set<String> SHARED_BY_COMMANDS =
      Set.of("composition", "directories", "log", "options", "output", "process");

  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(place -> !place.contains("/test-classes/")) // of any other build
          .importPackages(BASE);

  /** Guards every other test here: over no classes any rule holds. */
  @Test
  void everySourceFileWasSeen() throws Exception {
    Set<String> missed = new TreeSet<>();
    int files = 0;
    try (Stream<Path> modules = Files.list(Path.of(".."))) {
      for (Path sources : modules.map(module -> module.resolve("src/main/java")).toList()) {
        if (!Files.isDirectory(sources)) {
          continue;
        }
        try (Stream<Path> tree = Files.walk(sources)) {
          for (Path file : tree.filter(path -> path.toString().endsWith(".java")).toList()) {
            String path = sources.relativize(file).toString();
            String name = path.replace(".java", "").replace('/', '.').replace('\\', '.');
            if (!HOUSE.contain(name)) {
              missed.add(name);
            }
            files++;
          }
        }
      }
    }
    assertThat(missed).isEmpty();
    assertThat(files).isGreaterThan(40);
  }

  @ParameterizedTest
  @ValueSource(strings = {"rollout", "parameterserver", "tune", "serve"})
  void siblingsDoNotImportEachOther(String module) {
    String[] siblings =
        Stream.of("rollout", "parameterserver", "tune", "serve", "notebook", "cli")
            .filter(other -> !other.equals(module))
            .map(other -> BASE + "." + other + "..")
            .toArray(String[]::new);
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + "." + module + "..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(siblings));
  }

  @Test
  void theCoreImportsNoOtherModule() {
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + ".core..")
            .should()
            .dependOnClassesThat(
                resideInAPackage(BASE + "..").and(not(resideInAPackage(BASE + ".core..")))));
  }

  @Test
  void noTwoPublicTypesShareASimpleName() {
    Map<String, Set<String>> places = new TreeMap<>();
    for (JavaClass type : HOUSE) {
      if (type.isTopLevelClass()
          && type.getModifiers().contains(JavaModifier.PUBLIC)
          && !type.getPackageName().startsWith(GENERATED)) {
        places.computeIfAbsent(type.getSimpleName(), name -> new TreeSet<>()).add(type.getName());
      }
    }
    assertThat(places.values().stream().filter(same -> same.size() > 1)).isEmpty();
  }

  @Test
  void frontsDoNotKnowEachOther() {
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + ".serve.http..")
            .or()
            .haveSimpleNameStartingWith("Rest")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(BASE + ".serve.grpc.."));
  }

  @Test
  void packagesHaveNoCycles() {
    check(slices().matching(BASE + ".(**)").should().beFreeOfCycles());
  }

  @Test
  void algorithmsAreBlindToEachOther() {
    check(slices().matching(BASE + ".core.algorithm.(*)..").should().notDependOnEachOther());
  }

  @Test
  void commandsAreBlindToEachOther() {
    check(
        slices()
            .matching(BASE + ".cli.(*)..")
            .that(describe("of one command", room -> !isSharedByCommands(room.getNamePart(1))))
            .should()
            .notDependOnEachOther());
  }

  @Test
  void whatCommandsShareKnowsNoCommand() {
    check(
        noClasses()
            .that(describe("shared by commands", type -> isSharedByCommands(commandRoom(type))))
            .should()
            .dependOnClassesThat(
                describe(
                    "of a command or the program",
                    type ->
                        type.getPackageName().startsWith(BASE + ".cli")
                            && !isSharedByCommands(commandRoom(type)))));
  }

  private static boolean isSharedByCommands(String room) {
    return SHARED_BY_COMMANDS.contains(room);
  }

  /** The room of the command line; empty outside. */
  private static String commandRoom(JavaClass type) {
    String name = type.getPackageName();
    return name.startsWith(BASE + ".cli.") ? name.substring((BASE + ".cli.").length()) : "";
  }

  /** The core finds PyTorch as a service. */
  @Test
  void theCoreImportsNoEngineOfDeepJavaLibrary() {
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + ".core..")
            .and()
            .resideOutsideOfPackage(BASE + ".core.network.djl..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(BASE + ".core.network.djl.."));
  }

  /** Whoever composes a program opens a runtime and hands it down. */
  @Test
  void environmentsAndAlgorithmsKnowNoEngineOfTheRuntime() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(BASE + ".core.environment..", BASE + ".core.algorithm..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(BASE + ".core.runtime.*.."));
  }

  /** What a library may be reached from; the rest of the house goes through an interface. */
  @ParameterizedTest
  @CsvSource({
    "ai.djl.., core.network.djl.., serve.djl..",
    "jdk.incubator.vector.., core.network.simd.., core.optimizer..",
    "io.netty.., parameterserver.wire.., serve.http..",
    "io.grpc.., serve.grpc.., ",
    "com.google.protobuf.., serve.grpc.., ",
    "jcuda.., parameterserver.gpu.., ",
    "picocli.., cli.., ",
    "org.dflib.., notebook.., ",
    "io.ray.., core.runtime.ray.., ",
    "org.jbox2d.., core.environment.box2d.., ",
    "org.apache.parquet.., core.parquet.., ",
    "io.airlift.., core.parquet.., ",
    "io.prometheus.., core.metrics.., serve..",
  })
  void librariesStayInTheirRooms(String library, String room, String otherRoom) {
    String[] rooms =
        Stream.of(room, otherRoom)
            .filter(name -> name != null)
            .map(name -> BASE + "." + name)
            .toArray(String[]::new);
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(rooms)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(library));
  }

  @ParameterizedTest
  @ValueSource(strings = {"runtime", "returns", "distribution"})
  void pureRoomsImportNoOtherRoomButRandom(String room) {
    DescribedPredicate<JavaClass> elsewhere =
        resideInAPackage(BASE + "..")
            .and(not(resideInAnyPackage(BASE + ".core." + room + "..", BASE + ".core.random..")));
    check(
        noClasses()
            .that()
            .resideInAPackage(BASE + ".core." + room + "..")
            .should()
            .dependOnClassesThat(elsewhere));
  }

  @Test
  void onlyTheCommandLinePrints() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(BASE + ".cli..")
            .should()
            .accessField(System.class, "out")
            .because("standard output belongs to the command line"));
  }

  @Test
  void randomnessIsPassedIn() {
    check(
        noClasses()
            .should()
            .callMethod(Math.class, "random")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.util\\.(Random|concurrent\\.ThreadLocalRandom)")
            .because("every random number comes from a seeded stream of core.random"));
  }

  @Test
  void nothingStaticChanges() {
    DescribedPredicate<JavaField> written =
        describe(
            "written by people",
            field ->
                !field.getName().contains("$")
                    && !field.getOwner().getPackageName().equals(GENERATED));
    check(fields().that().areStatic().and(written).should().beFinal());
  }

  @Test
  void everyPackageIsNullMarked() {
    Set<String> unmarked = new TreeSet<>();
    for (JavaClass type : HOUSE) {
      if (!type.getPackageName().equals(GENERATED)
          && !type.getPackage().isAnnotatedWith(NullMarked.class)) {
        unmarked.add(type.getPackageName());
      }
    }
    assertThat(unmarked).isEmpty();
  }

  private static void check(ArchRule rule) {
    rule.check(HOUSE);
  }
}
