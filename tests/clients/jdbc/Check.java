// What the tests of JDBC ask of a server: java -cp DRIVER Check.java HOST:PORT. Prints a line for each answer.

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Comparator;

public class Check {
    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:arrow-flight-sql://" + arguments[0] + "/?useEncryption=false&quotes=ansi&user=ann&password=any";
        try (Connection connection = DriverManager.getConnection(url)) {
            statements(connection);
            parameters(connection);
            getters(connection.getMetaData());
            listings(connection.getMetaData());
        } catch (SQLException error) {
            // The driver counts memory of metadata as leaked when it is closed.
            if (!String.valueOf(error.getMessage()).contains("leaked")) {
                throw error;
            }
        }
    }

    static void statements(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("CREATE TABLE t (srcip STRING, n INT, seen TIMESTAMP)");
            int rows = statement.executeUpdate("INSERT INTO t VALUES ('a', 1, '2024-05-14 10:00:00'), ('b', 2, NULL)");
            System.out.println("written " + rows);
            String query = "SELECT \"srcip\", sum(\"n\") AS \"s\" FROM \"t\" GROUP BY \"srcip\" ORDER BY \"s\"";
            try (ResultSet result = statement.executeQuery(query)) {
                while (result.next()) {
                    System.out.println("row " + result.getString(1) + " " + result.getLong("s"));
                }
            }
            try (ResultSet result = statement.executeQuery("SELECT * FROM t WHERE n > 99")) {
                System.out.println("empty " + !result.next());
            }
        }
    }

    static void parameters(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?, ?, ?)")) {
            for (int i = 3; i <= 4; i++) {
                insert.setString(1, "c");
                insert.setInt(2, i);
                insert.setTimestamp(3, Timestamp.valueOf(LocalDateTime.of(2024, 5, 14, 10, i)));
                insert.addBatch();
            }
            insert.executeBatch();
        }
        try (Statement statement = connection.createStatement();
             ResultSet result = statement.executeQuery("SELECT count(*) FROM t WHERE srcip = 'c'")) {
            result.next();
            System.out.println("batch of " + result.getInt(1));
        }
        try (PreparedStatement query = connection.prepareStatement("SELECT max(n) FROM t WHERE srcip = ?")) {
            query.setString(1, "c");
            try (ResultSet result = query.executeQuery()) {
                result.next();
                System.out.println("bound " + result.getInt(1));
            }
        }
    }

    static void getters(DatabaseMetaData metadata) {
        var getters = Arrays.stream(DatabaseMetaData.class.getMethods())
            .filter(it -> it.getParameterCount() == 0)
            .sorted(Comparator.comparing(it -> it.getName()))
            .toList();
        int failed = 0;
        for (var getter : getters) {
            try {
                getter.invoke(metadata);
            } catch (ReflectiveOperationException error) {
                failed++;
                System.out.println("getter " + getter.getName() + ": " + error.getCause());
            }
        }
        System.out.println("getters " + getters.size() + ", failed " + failed);
    }

    static void listings(DatabaseMetaData metadata) throws SQLException {
        try (ResultSet tables = metadata.getTables(null, null, "%", new String[] {"TABLE"})) {
            while (tables.next()) {
                System.out.println("table " + tables.getString("TABLE_NAME"));
            }
        }
        try (ResultSet columns = metadata.getColumns(null, null, "t", "%")) {
            while (columns.next()) {
                System.out.println("column " + columns.getString("COLUMN_NAME") + " " + columns.getInt("ORDINAL_POSITION"));
            }
        }
        System.out.println("product " + metadata.getDatabaseProductName());
    }
}
