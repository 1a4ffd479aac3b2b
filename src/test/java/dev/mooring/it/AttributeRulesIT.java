package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What an attribute may be: small limits, the strict filter that the ini file gives as an example, an application that is
 * {@code <distributable/>} and one that is not, and an older and a newer version of one WAR at once.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBERS", "CLIENTS"})
class AttributeRulesIT {
    private static final Pattern STRICT =
            Pattern.compile("^#(jetty\\.session\\.attributeFilter)=(\\S+)$", Pattern.MULTILINE);

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
        LogCheck.of(cluster)
                .expecting("attribute .* stays on this node", "what the tests put there on purpose")
                .expecting("attribute .* cannot be read on this node", "the same")
                .passes(List.of("/local", "/spread", "/versions"));
        for (JettyNode node : cluster.nodes()) {
            assertThat(node.log())
                    .as("what stays on %s is said once", node)
                    .filteredOn(line -> line.contains("attribute once of"))
                    .hasSizeLessThanOrEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text one",
                "number 7",
                "decimal 1.50",
                "instant 1000",
                "dates 2026-11-22",
                "list one",
                "linked one",
                "fixed one",
                "immutable one",
                "synchronized one",
                "copyOnWrite one",
                "map one",
                "concurrent one",
                "sorted one",
                "enums one",
                "enumSet one",
                "enum GREEN",
                "bits 5",
                "array one",
                "atomic 4",
                "record 4",
                "records 4",
                "lambda one",
                "cart one",
                "bound one",
                "wordy one",
                "big 30000"
            })
    void theStrictFilterLetsCommonValuesThrough(String value) {
        Browser ada = cluster.newBrowser();
        String here = says(ada, 0, "/local", "open;set a " + value + ";get a");

        assertThat("true | ok | " + says(ada, 1, "/local", "get a")).isEqualTo(withoutEvents(here));
    }

    @ParameterizedTest
    @ValueSource(strings = {"deep 100", "foreign one"})
    void whatTheStrictFilterRefusesIsAbsentElsewhereAndTheRestWorks(String value) {
        Browser ada = cluster.newBrowser();
        says(ada, 0, "/local", "open;set refused " + value + ";set b text fine");

        assertThat(says(ada, 1, "/local", "get refused;get b;names")).isEqualTo("null | fine | b,born");
        assertThat(withoutEvents(says(ada, 1, "/local", "set b text better"))).isEqualTo("ok");

        assertThat(says(ada, 0, "/local", "get b;names")).isEqualTo("better | b,born,refused");
        assertThat(cluster.node(1).log())
                .filteredOn(line -> line.contains("attribute refused cannot be read")
                        && line.contains("refused by jetty.session.attributeFilter"))
                .isNotEmpty();
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

        String answer = says(ada, 0, "/spread", "open;set b text fine;set a " + parts[0]);

        assertThat(answer).contains("!IllegalArgumentException session " + parts[1]);
        assertThat(says(ada, 1, "/spread", "get b;names")).isEqualTo("fine | b,born");
    }

    @Test
    void anotherApplicationKeepsItOnItsNodeAndIsWarnedOnce() {
        for (int round = 0; round < 3; round++) {
            Browser ada = cluster.newBrowser();
            says(ada, 0, "/local", "open;set once plugged one;set b text fine");

            assertThat(says(ada, 1, "/local", "get once;get b")).isEqualTo("null | fine");
            assertThat(says(ada, 0, "/local", "get once")).isEqualTo("cart [first, second, one]true");
        }
        assertThat(cluster.node(0).log())
                .filteredOn(line -> line.contains("attribute once of"))
                .singleElement()
                .asString()
                .contains("once.items[2].listener of misuse.Values$Plug");
    }

    @Test
    void theLimitsAreNamed() {
        Browser ada = cluster.newBrowser();
        assertThat(says(ada, 0, "/local", "open;set a big 60000"))
                .contains("!IllegalArgumentException")
                .contains("jetty.session.maxAttributeBytes is 50000");
        assertThat(says(ada, 0, "/local", "set a big 40000;set b big 40000;set c big 40000"))
                .contains("!IllegalArgumentException")
                .contains("jetty.session.maxSessionBytes is 100000");
        assertThat(says(ada, 1, "/local", "remove a;remove b;many 100"))
                .contains("!IllegalArgumentException")
                .contains("jetty.session.maxAttributes is 50");
        assertThat(says(ada, 0, "/local", "count;set many1 text again;get many1"))
                .startsWith("50 | ok | again");
    }

    /** A node whose WAR has no class for a value, or another version of it, lives without, and leaves it to the others. */
    @Test
    void twoVersionsOfOneApplicationShareWhatBothKnow() {
        Browser ada = cluster.newBrowser();
        says(ada, 0, "/versions", "open;set a cart one;set b text fine;set c list one");

        assertThat(says(ada, 1, "/versions", "get a;get b;names;change c two"))
                .isEqualTo("null | fine | b,born,c | ok");
        assertThat(says(ada, 1, "/versions", "get a;get c")).isEqualTo("null | [one, two]");

        assertThat(says(ada, 0, "/versions", "get a;get c;names"))
                .isEqualTo("cart [one]true | [one, two] | a,b,born,c");
        assertThat(cluster.node(1).log())
                .filteredOn(line -> line.contains("attribute a cannot be read") && line.contains("misuse.Values$Cart"))
                .hasSize(1);
    }

    private static String says(Browser browser, int node, String context, String words) {
        URI uri = cluster.node(node).http(context + "/do?m=" + URLEncoder.encode(words, StandardCharsets.UTF_8));
        return browser.gets(uri).body();
    }

    private static String withoutEvents(String answer) {
        int events = answer.indexOf(" {created");
        return (events < 0 ? answer : answer.substring(0, events)).replaceFirst(" \\{(added|replaced).*", "");
    }

    private static void configure(JettyBase.Builder base) {
        Path war = Path.of(System.getProperty("mooring.wars"), "misuse.war");
        base.modules("http", "ee10-deploy", "ee10-websocket-jakarta")
                .property("jetty.session.attributeFilter", strictExample())
                .property("jetty.session.maxAttributes", "50")
                .property("jetty.session.maxAttributeBytes", "50000")
                .property("jetty.session.maxSessionBytes", "100000")
                .war("local", war)
                .war("spread", war)
                .war("versions", war);
    }

    /** As the ini files give it, for an application in package {@code misuse}. */
    private static String strictExample() {
        Path modules = Path.of(System.getProperty("mooring.basedir"), "modules");
        try {
            String member = exampleIn(modules.resolve("session-hazelcast.mod"));
            assertThat(exampleIn(modules.resolve("session-hazelcast-client.mod")))
                    .isEqualTo(member);
            return member.replace("com.example.myapp.", "misuse.");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static String exampleIn(Path module) throws IOException {
        Matcher example = STRICT.matcher(Files.readString(module));
        assertThat(example.find()).as("a strict example in %s", module).isTrue();
        return example.group(2);
    }

    private static void makeNewerOnOneNode(JettyBase base) {
        Path webapps = base.directory().resolve("webapps");
        Wars.describe(webapps.resolve("spread.war"), "</display-name>", "</display-name><distributable/>");
        if (base.directory().getFileName().toString().endsWith("-1")) {
            Wars.change(
                    webapps.resolve("versions.war"),
                    root -> Files.delete(root.resolve("WEB-INF/classes/misuse/Values$Cart.class")));
        }
    }
}
