package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What an attribute may be: small limits, the strict filter that the ini file gives as an example, an application that
 * is {@code <distributable/>} and one that is not, and an older and a newer version of one WAR at once.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBERS", "CLIENTS"})
class AttributeRulesIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static NodeCluster cluster;

    @Parameter
    Mode mode;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        cluster = NodeCluster.start(
                "attribute-rules", 2, mode, AttributeRulesIT::configure, AttributeRulesIT::makeNewerOnOneNode);
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs()
                .expecting("(attribute|growth) .* stays on this node", "what the tests put there on purpose")
                .expecting("attribute .* cannot be read on this node", "the same")
                .expecting("demo-realm|HashLoginService", "Jetty's realm for demonstrations says so")
                .passes(List.of("/local", "/spread", "/users", "/versions"));
        for (JettyNode node : cluster.nodes()) {
            assertThat(node.log())
                    .as("what stays on %s is said once", node)
                    .filteredOn(line -> line.contains("attribute once of"))
                    .hasSizeLessThanOrEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("values")
    void theStrictFilterLetsCommonValuesThrough(String value) {
        Browser ada = cluster.newBrowser();
        String here = war(0, "/local").says(ada, "open;set a " + value + ";get a");

        assertThat("true | ok | " + war(1, "/local").says(ada, "get a")).isEqualTo(here);
    }

    @ParameterizedTest
    @ValueSource(strings = {"deep 100", "foreign one"})
    void whatTheStrictFilterRefusesIsAbsentElsewhereAndTheRestWorks(String value) {
        Browser ada = cluster.newBrowser();
        war(0, "/local").says(ada, "open;set refused " + value + ";set b text fine");

        assertThat(war(1, "/local").says(ada, "get refused;get b;names")).isEqualTo("null | fine | b,born");
        assertThat(war(1, "/local").says(ada, "set b text better")).isEqualTo("ok");

        assertThat(war(0, "/local").says(ada, "get b;names")).isEqualTo("better | b,born,refused");
        saidBy(1, "attribute refused cannot be read", "refused by jetty.session.attributeFilter");
    }

    /** {@code spec}: an application that says it is distributable is told at once, with the path to the culprit. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "thread one -> attribute a of misuse.Values$Plug cannot be serialised: a of misuse.Values$Plug",
                "plugged one -> attribute a of misuse.Values$Cart cannot be serialised:"
                        + " a.items[2].listener of misuse.Values$Plug",
                "plugs one -> attribute a of java.util.HashMap cannot be serialised: a.value[1] of misuse.Values$Plug"
            })
    void aDistributableApplicationIsRefusedWhatCannotTravel(String line) {
        String[] parts = line.split(" -> ");
        Browser ada = cluster.newBrowser();

        String answer = war(0, "/spread").says(ada, "open;set b text fine;set a " + parts[0]);

        assertThat(answer).contains("!IllegalArgumentException session " + parts[1]);
        assertThat(war(1, "/spread").says(ada, "get b;names")).isEqualTo("fine | b,born");
    }

    @Test
    void anotherApplicationKeepsItOnItsNodeAndIsWarnedOnce() {
        for (int round = 0; round < 3; round++) {
            Browser ada = cluster.newBrowser();
            war(0, "/local").says(ada, "open;set once plugged one;set b text fine");

            assertThat(war(1, "/local").says(ada, "get once;get b")).isEqualTo("null | fine");
            assertThat(war(0, "/local").says(ada, "get once")).isEqualTo("cart [first, second, one]true");
        }
        assertThat(saidBy(0, "attribute once of", "once.items[2].listener of misuse.Values$Plug"))
                .hasSize(1);
    }

    @Test
    void theLimitsAreNamed() {
        Browser ada = cluster.newBrowser();
        assertThat(war(0, "/local").says(ada, "open;set a big 60000"))
                .contains("!IllegalArgumentException")
                .contains("jetty.session.maxAttributeBytes is 50000");
        assertThat(war(0, "/local").says(ada, "set a big 40000;set b big 40000;set c big 40000"))
                .contains("!IllegalArgumentException")
                .contains("jetty.session.maxSessionBytes is 100000");
        assertThat(war(1, "/local").says(ada, "remove a;remove b;many 100"))
                .contains("!IllegalArgumentException")
                .contains("jetty.session.maxAttributes is 50");
        assertThat(war(0, "/local").says(ada, "count;set many1 text again;get many1"))
                .startsWith("50 | ok | again");
    }

    /** It is too late for an exception: others keep what it was until it is within the limits again. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "grow a 60000 -> shrink a",
                "set b big 40000;set c big 40000;grow a 30000 -> remove b;size a",
                "set a list again;grow a 60000 -> shrink a"
            })
    void whatOutgrowsALimitInPlaceStaysOnItsNodeAndWarns(String line) {
        String[] parts = line.split(" -> ");
        Browser ada = cluster.newBrowser();
        war(0, "/local").says(ada, "open;set a list one");

        assertThat(war(0, "/local").says(ada, parts[0])).endsWith("ok");

        assertThat(war(1, "/local").says(ada, "size a")).isEqualTo("1");
        assertThat(war(0, "/local").says(ada, "size a")).isEqualTo("2");
        saidBy(0, "the growth of attribute a of java.util.ArrayList");

        war(0, "/local").says(ada, parts[1] + ";change a two");

        assertThat(war(1, "/local").says(ada, "size a"))
                .isEqualTo(war(0, "/local").says(ada, "size a"))
                .isNotEqualTo("1");
    }

    /**
     * A node whose WAR has no class for a value, or another version of it, lives without, and leaves it to the others.
     */
    @Test
    void twoVersionsOfOneApplicationShareWhatBothKnow() {
        Browser ada = cluster.newBrowser();
        war(0, "/versions").says(ada, "open;set a cart one;set b text fine;set c list one");

        assertThat(war(1, "/versions").says(ada, "get a;get b;names;change c two"))
                .isEqualTo("null | fine | b,born,c | ok");
        assertThat(war(1, "/versions").says(ada, "get a;get c")).isEqualTo("null | [one, two]");

        assertThat(war(0, "/versions").says(ada, "get a;get c;names"))
                .isEqualTo("cart [one]true | [one, two] | a,b,born,c");
        assertThat(saidBy(1, "attribute a cannot be read", "misuse.Values$Cart"))
                .hasSize(1);
    }

    @Test
    void loginsPassTheStrictFilter() {
        Logins.byForm(cluster.newBrowser(), war(0, "/users"), war(1, "/users"));
    }

    /** The lines of a node's log that have all of this; waits for the first, which may come behind the answer. */
    private static List<String> saidBy(int node, String... words) {
        Predicate<String> wanted = line -> Stream.of(words).allMatch(line::contains);
        cluster.node(node).awaitLog(wanted, "heard to say " + List.of(words), SOON);
        return cluster.node(node).log().stream().filter(wanted).toList();
    }

    static Stream<String> values() {
        return MisuseWar.VALUES.stream();
    }

    /**
     * Java reads a record that has got a component, with nothing in it; every other change makes the value unreadable
     * there.
     */
    @Test
    void aVersionWithOtherClassesLivesWithoutWhatItCannotRead() {
        Browser ada = cluster.newBrowser();
        MisuseWar older = war(0, "/versions");
        MisuseWar newer = war(1, "/versions");
        older.says(ada, "open;set basket basket one;set size size LARGE;set small size SMALL;set price price 5");
        older.says(ada, "set weight weight 6;set b list fine");

        for (int round = 0; round < 3; round++) {
            assertThat(newer.says(ada, "get basket;get size;get weight")).isEqualTo("null | null | null");
        }
        assertThat(newer.says(ada, "get small;get price;change b better;names"))
                .isEqualTo("SMALL | Price[amount=5, currency=null] | ok | b,born,price,small");

        assertThat(older.says(ada, "get basket;get size;get small;get price;get weight;get b"))
                .isEqualTo("basket one | LARGE | SMALL | Price[amount=5] | Weight[grams=6] | [fine, better]");
        assertThat(newer.says(ada, "set price price 7;set size size SMALL;get size"))
                .isEqualTo("ok | ok | SMALL");
        assertThat(older.says(ada, "get price;get size;get basket")).isEqualTo("Price[amount=7] | SMALL | basket one");
        for (String name : List.of("basket", "size", "weight")) {
            assertThat(saidBy(1, "attribute " + name + " cannot be read on this node", "misuse.Versions$"))
                    .hasSize(1);
        }
    }

    private static MisuseWar war(int node, String context) {
        return new MisuseWar(cluster.node(node), context);
    }

    private static void configure(JettyBase.Builder base) {
        Path war = MisuseWar.file();
        base.modules("http", "demo-realm", "ee10-deploy", "ee10-websocket-jakarta")
                .property("jetty.session.attributeFilter", StrictFilter.of("misuse.**"))
                .property("jetty.session.maxAttributes", "50")
                .property("jetty.session.maxAttributeBytes", "50000")
                .property("jetty.session.maxSessionBytes", "100000")
                .war("local", war)
                .war("spread", war)
                .war("users", war)
                .war("versions", war);
    }

    private static void makeNewerOnOneNode(JettyBase base) {
        Path webapps = base.directory().resolve("webapps");
        Wars.describe(webapps.resolve("spread.war"), "</display-name>", "</display-name><distributable/>");
        MisuseWar.letsInUsersOnly(webapps.resolve("users.war"), "FORM");
        if (base.directory().getFileName().toString().endsWith("-1")) {
            Wars.change(
                    webapps.resolve("versions.war"),
                    root -> Files.delete(root.resolve("WEB-INF/classes/misuse/Values$Cart.class")));
            Wars.recompile(
                    webapps.resolve("versions.war"),
                    Path.of(System.getProperty("mooring.basedir"), "src/wars/misuse/java/misuse/Versions.java"),
                    "misuse.Versions",
                    "serialVersionUID = 1L",
                    "serialVersionUID = 2L",
                    "SMALL,\n        LARGE",
                    "SMALL",
                    "Price(int amount)",
                    "Price(int amount, String currency)",
                    "new Price(amount)",
                    "new Price(amount, \"EUR\")",
                    "Weight(int grams)",
                    "Weight(String grams)",
                    "new Weight(Integer.parseInt(grams))",
                    "new Weight(grams)");
        }
    }
}
