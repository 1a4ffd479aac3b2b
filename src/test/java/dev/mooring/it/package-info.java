/**
 * Integration tests between nodes: real Jetty processes with the zip installed, web applications that know nothing of
 * it, and a client that speaks plain HTTP and WebSocket. Nothing here calls the module's classes.
 *
 * <table>
 * <caption>Jetty's own properties</caption>
 * <tr><th>property</th><th>test</th></tr>
 * <tr><td>{@code evictionPolicy}</td><td>{@link dev.mooring.it.EvictionIT} (0 and idle seconds); all others run with
 *     -1</td></tr>
 * <tr><td>{@code saveOnCreate}</td><td>{@link dev.mooring.it.StockPropertiesIT}</td></tr>
 * <tr><td>{@code saveOnInactiveEviction}</td><td>{@link dev.mooring.it.EvictionRules}:
 *     {@code storesWhatTheListenersChangeThatAreToldOfIt}</td></tr>
 * <tr><td>{@code removeUnloadableSessions}</td><td>{@link dev.mooring.it.EvictionIT}: {@code
 *     removesADamagedRecordWhenSomebodyWantsItsSession}</td></tr>
 * <tr><td>{@code flushOnResponseCommit}, {@code savePeriod.seconds}, {@code useQueries},
 *     {@code onlyClient}</td><td>without a meaning: {@code DistributionIT.warnsOnceOfAllThatHasNoMeaning}</td></tr>
 * <tr><td>{@code invalidateOnShutdown}</td><td>{@link dev.mooring.it.StockPropertiesIT}</td></tr>
 * <tr><td>{@code gracePeriod.seconds}</td><td>{@link dev.mooring.it.StockPropertiesIT}; at least 15 minutes:
 *     {@link dev.mooring.it.ClientIT}</td></tr>
 * <tr><td>{@code sessionScavengeInterval.seconds}</td><td>{@link dev.mooring.it.ExpiryIT}: on time though Jetty never
 *     scavenges; {@link dev.mooring.it.StockPropertiesIT}: nor is there harm when it does</td></tr>
 * <tr><td>{@code workerName}</td><td>{@link dev.mooring.it.StockPropertiesIT}; empty:
 *     {@link dev.mooring.it.FirstLightIT}; {@code JETTY_WORKER_INSTANCE}: {@code MooringModuleTest}</td></tr>
 * </table>
 *
 * <table>
 * <caption>What Jetty's DefaultSessionCacheTest and NullSessionCacheTest ask of a cache, with its store of
 * ours</caption>
 * <tr><th>Jetty's test</th><th>test of ours</th></tr>
 * <tr><td>{@code testRenewWithInvalidate}</td><td>{@link dev.mooring.it.EndRaceIT}</td></tr>
 * <tr><td>{@code testRenewSessionId}</td><td>{@link dev.mooring.it.FirstLightIT}:
 *     {@code theSocketsOfBothNodesStayOpenAndHaveTheNewId}, {@code theOldIdOpensNothingOnEitherNode}</td></tr>
 * <tr><td>{@code testGetSessionInCache}, {@code testSessionShared}</td><td>{@link dev.mooring.it.FirstLightIT}: {@code
 *     giveTheSameInstanceAndSendNothing}; {@link dev.mooring.it.MisuseIT}: {@code
 *     aRequestAndASocketOfOneNodeShareTheirInstancesUntilAnotherNodeWritesThem}</td></tr>
 * <tr><td>{@code testAdd}, {@code testContains}, {@code testExists},
 *     {@code testDelete}</td><td>{@code LiveSessionCacheSuiteIT}, {@code GridSessionDataStoreSuiteIT}</td></tr>
 * <tr><td>{@code testRelease}, {@code testCheckInactiveSession}</td><td>{@link dev.mooring.it.EvictionIT}</td></tr>
 * <tr><td>{@code testSaveOnEviction}</td><td>{@link dev.mooring.it.EvictionIT}:
 *     {@code losesNoWriteWhileSessionsComeAndGo}, {@code storesWhatTheListenersChangeThatAreToldOfIt}</td></tr>
 * <tr><td>{@code testSaveOnEvictionFail}</td><td>none: a write is stored when it is made, or its caller is told that it
 *     is not, so that an eviction has nothing to save; {@link dev.mooring.it.StoreFailureIT}</td></tr>
 * <tr><td>{@code testNotCached}</td><td>none: a node's copy is what makes a session live, and there is no cache that
 *     keeps none; nearest to it is {@code evictionPolicy=0}, {@link dev.mooring.it.EvictionIT}</td></tr>
 * <tr><td>{@code testFlushOnResponseCommitDefault}</td><td>always so: {@code MisuseIT}, which asks the other node after
 *     each response</td></tr>
 * </table>
 *
 * <table>
 * <caption>How a session ends; each on members and on clients, by real nodes</caption>
 * <tr><th>what</th><th>test</th></tr>
 * <tr><td>for good: invalidated on one node while a slow request, an asynchronous one and a WebSocket write to it on
 *     another, a third one loads it, and its id changes; {@code sessionDestroyed} once, later calls throw, nothing
 *     comes back</td><td>{@link dev.mooring.it.EndRaceIT}: {@code endsEverywhereOnceAndForGood} (500 rounds),
 *     {@code endsEverywhereOnceAndForGoodManyTimes} (5,000, stress)</td></tr>
 * <tr><td>with those of the same id in other web applications, of the same node and of
 *     others</td><td>{@link dev.mooring.it.ExpiryIT}: {@code theSameIdEndsInEveryWebApplication}</td></tr>
 * <tr><td>on time: left alone, with and without a socket; used by requests, messages or a long request of another node;
 *     limited there, more, less, by 0 and by a negative number, by request and by socket; many at once, shared by two
 *     nodes and not</td><td>{@code Lifetimes}, by {@link dev.mooring.it.ExpiryIT} ({@code evictionPolicy} -1, clocks
 *     off by ten minutes either way, no scavenger), {@link dev.mooring.it.EvictionIT} and
 *     {@link dev.mooring.it.OtherEvictionIT} (0 and 1 in both modes, the latter in the stress run)</td></tr>
 * <tr><td>on time though another node that holds the session, and is to end it, does not, or only asks whether it is
 *     due; by each of two nodes half of what both hold</td><td>{@code ExpiriesIT}, {@code EndClaimTest}</td></tr>
 * <tr><td>on time though nodes set a cookie's age by clocks that are wrong</td><td>{@link dev.mooring.it.ExpiryIT}:
 *     {@code aCookieIsRenewedWhenItIsTime}</td></tr>
 * <tr><td>once, though the owner of the record is killed, or the node that runs the listeners; left over by a dead
 *     node</td><td>{@link dev.mooring.it.EndOnceIT}: {@code theOwnersOfTheRecordsAreKilled},
 *     {@code theNodeIsKilledThatRunsTheListeners}; {@link dev.mooring.it.NodeLossIT}</td></tr>
 * <tr><td>when no node is left</td><td>{@link dev.mooring.it.EndOnceIT}:
 *     {@code allNodesAreKilledAndTheTimeToLiveIsLeft} (clients; the records of members go with them); right after a
 *     write {@code TimesToLiveIT}</td></tr>
 * <tr><td>5,000 that are due together, and 100,000 that are not</td><td>{@link dev.mooring.it.ManyDueIT} (stress) and
 *     {@code ManySessions}, by {@code mvn -Pbench}; as what was read before the deadline says only where that is still so:
 *     {@code SessionMapIT}, {@code whatWasReadAheadIsNotBelieved}</td></tr>
 * <tr><td>with a tombstone, also after an expiry</td><td>{@code EvictionRules}:
 *     {@code leavesTheDeadlineToTheLastHolderThoughAnotherNodeHasSetIt}</td></tr>
 * <tr><td>not at all, where one node stops and another is killed right after: backups are complete, row and holders
 *     gone</td><td>{@link dev.mooring.it.EndOnceIT}: {@code oneIsStoppedAndAnotherOneKilledRightAfter};
 *     {@link dev.mooring.it.ClientIT}: {@code aNodeThatStopsLeavesNoRowAndNoTopic}</td></tr>
 * <tr><td>not at all, where three nodes are restarted one by one under
 *     load</td><td>{@link dev.mooring.it.RollingRestartIT} (stress)</td></tr>
 * <tr><td>with a node that stops, if that is wanted</td><td>{@link dev.mooring.it.StockPropertiesIT}: {@code
 *     invalidateOnShutdownEndsTheSessionsOfTheNodeEverywhereAndNoOthers}</td></tr>
 * <tr><td>after a split of the cluster, on either side</td><td>{@code SplitIT}</td></tr>
 * <tr><td>and what stays of it</td><td>{@link dev.mooring.it.LeftoversIT}</td></tr>
 * </table>
 *
 * <table>
 * <caption>How a WebSocket is opened, kept and closed; on members and on clients where not said otherwise</caption>
 * <tr><th>what</th><th>test</th></tr>
 * <tr><td>by each API, in both environments, over HTTP/1.1, compressed and over HTTP/2: reads and writes both ways
 *     across nodes, a new id, messages that keep alive, expiry,
 *     {@code invalidate()}</td><td>{@link dev.mooring.it.SocketPathsIT}: {@code socketAndSessionShareOneLife}</td></tr>
 * <tr><td>behind a filter that wraps the session; what {@code modifyHandshake} sets; one object for
 *     {@code getOpenSessions()}, in {@code onError} and {@code onClose}; {@code logout()}; 1001 when the node stops;
 *     nothing is left of those that are gone</td><td>{@link dev.mooring.it.SocketPathsIT}</td></tr>
 * <tr><td>by Spring and STOMP</td><td>{@link dev.mooring.it.SpringSecurityIT}</td></tr>
 * <tr><td>in a web application that is deployed into a running server, deployed anew,
 *     restarted; none of its class loaders stays</td><td>{@link dev.mooring.it.SocketRulesIT} and
 *     {@link dev.mooring.it.ClientSocketRulesIT}: {@code AWebApplicationThatComesAndGoes}; {@code OwnThreadsTest}</td></tr>
 * <tr><td>with {@code --jpms}, and on the newest Jetty (members)</td><td>{@link dev.mooring.it.JettyVersionsIT},
 *     {@code DistributionIT}</td></tr>
 * <tr><td>as each property says; {@code onOpen}, queued messages, a client that does not read; two cookies; 401 and
 *     403; JMX, {@code dump()}, the line for each upgrade; no call of the cluster for a
 *     message</td><td>{@link dev.mooring.it.SocketRulesIT} (members), {@link dev.mooring.it.ClientSocketRulesIT}
 *     (clients, stress)</td></tr>
 * <tr><td>while the store is out of reach, with {@code onStoreFailure} {@code reject} and
 *     {@code anonymous}</td><td>clients: {@link dev.mooring.it.StoreFailureIT}; members:
 *     {@link dev.mooring.it.StoreTroubleIT}</td></tr>
 * <tr><td>just while its session, its web application or its node
 *     ends</td><td>{@link dev.mooring.it.SocketRaceIT}</td></tr>
 * <tr><td>behind a balancer (members)</td><td>{@link dev.mooring.it.ProxyIT}</td></tr>
 * <tr><td>10,000 that are idle, 200,000 one after another</td><td>{@code ManySockets}, by {@code mvn -Pbench}</td></tr>
 * </table>
 *
 * <table>
 * <caption>The store fails; at a request, an upgrade, a handle's read and write, a commit</caption>
 * <tr><th>it</th><th>members</th><th>clients</th></tr>
 * <tr><td>hangs, and comes back</td><td>{@link dev.mooring.it.StoreTroubleIT}:
 *     {@code aMemberWhoseOthersHangRefusesInTimeAndGoesOnWithoutThem}</td><td>{@link dev.mooring.it.StoreFailureIT}:
 *     {@code whileTheServersHangEverythingIsRefusedInTimeAndAfterwardsGoesOnAsBefore}</td></tr>
 * <tr><td>is killed, is down, comes back</td><td>{@link dev.mooring.it.BroughtConfigurationIT}: all other members, where
 *     a part alone may do nothing; {@link dev.mooring.it.NodeLossIT}: where it may; {@code NeverNobodyIT}: the node's
 *     own</td><td>{@link dev.mooring.it.StoreFailureIT}:
 *     {@code withoutServersNobodyLosesACookieAndServiceComesBackByItself}</td></tr>
 * <tr><td>is slow</td><td colspan="2">{@link dev.mooring.it.StoreTroubleIT}:
 *     {@code aSlowStoreDelaysAndLosesNothing}</td></tr>
 * <tr><td>is full</td><td>the nodes themselves are; refused by rule: {@link dev.mooring.it.BroughtConfigurationIT}</td>
 *     <td>{@link dev.mooring.it.StoreTroubleIT}:
 *     {@code fullServersRefuseAndServeAgainWhenTheyAreStartedAnew}</td></tr>
 * <tr><td>when the node stops</td><td colspan="2">{@link dev.mooring.it.StoreTroubleIT}:
 *     {@code aNodeStopsInTimeWhileTheStoreHangs}, {@code aNodeStopsInTimeWhoseServersAreDead}</td></tr>
 * <tr><td>in the middle of what somebody asks</td><td colspan="2">{@code NeverNobodyIT}: nobody is nobody by an
 *     error</td></tr>
 * <tr><td>with {@code onStoreFailure=anonymous}</td><td>the same code</td>
 *     <td>{@link dev.mooring.it.StoreFailureIT}</td></tr>
 * </table>
 *
 * <table>
 * <caption>Nodes fail, under load where not said otherwise</caption>
 * <tr><th>what</th><th>test</th></tr>
 * <tr><td>{@code kill -9}, SIGSTOP of 3 s and 20 s, restarts, in each mode; of servers, too</td><td>{@code DriverIT},
 *     {@code FailuresIT}: {@code everythingHappensToEverybody} (stress)</td></tr>
 * <tr><td>a member is given up and comes back</td><td>{@code FailuresIT}: {@code aMemberThatWasGivenUpAnswersNothingOld}
 *     (stress); {@link dev.mooring.it.PausedNodeIT}, {@code SilentPeerIT}, {@code SplitIT}, {@code OneWayLossIT}</td></tr>
 * <tr><td>two of three at once, that is all but one, with two backups</td><td>{@code FailuresIT}:
 *     {@code twoOfThreeNodesDieAtOnceWithTwoBackups} (stress)</td></tr>
 * <tr><td>the owner of the record</td><td>{@link dev.mooring.it.EndOnceIT}: {@code theOwnersOfTheRecordsAreKilled}</td>
 *     </tr>
 * <tr><td>the writer between its steps</td><td>{@link dev.mooring.it.DeadWriterIT}</td></tr>
 * <tr><td>and the checker would see it</td><td>{@code CheckerTest}, {@code RegisterTest}, {@code LeavingsTest},
 *     {@code ReportTest}; {@code StockConvictionIT}</td></tr>
 * </table>
 */
@NullMarked
package dev.mooring.it;

import org.jspecify.annotations.NullMarked;
