/**
 * Open WebSockets, tied to the sessions they were opened with: bound at the upgrade, closed when the session ends, and
 * counted as activity of the session. The only package that imports Jetty's {@code websocket-core}.
 *
 * <p>In which order to read: {@code UpgradeHandler} sees an upgrade first, {@code UpgradeGate} may refuse it,
 * {@code UpgradeStream} sees its 101 leave and makes the {@code Mooring}, which ties the WebSocket to its session, and
 * has its {@code Closing} tell the client a {@code Farewell}. {@code Moorings} are those of a node.
 *
 * <p>One lock, which is held while a number is looked at ({@code UpgradesUnderWay}); else what two threads may race
 * for is decided by taking an entry out of a concurrent set.
 *
 * <table>
 * <caption>Which thread calls what</caption>
 * <tr><th>thread</th><th>calls</th><th>may block</th></tr>
 * <tr><td>the upgrade's request</td><td>{@code UpgradeHandler}, {@code UpgradeGate}, {@code MooredMappings},
 *     {@code UpgradeStream}</td><td>yes</td></tr>
 * <tr><td>the connection's</td><td>the frame watch of {@code Mooring}, {@code Mooring.onClosed}</td><td>in the
 *     application's {@code onClose}</td></tr>
 * <tr><td>the server's pool</td><td>{@code Mooring.sessionEnded} and {@code loggedOut}, on one thread for each
 *     WebSocket; second looks</td><td>yes</td></tr>
 * <tr><td>the one that stops the server or a web application</td><td>{@code Moorings.nodeStops},
 *     {@code UpgradeHandler.applicationStops}</td><td>two seconds at most, and in
 *     the application's {@code onClose}</td></tr>
 * </table>
 */
@NullMarked
package dev.mooring.websocket;

import org.jspecify.annotations.NullMarked;
