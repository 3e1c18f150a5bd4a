create table settings (name text primary key, value text);
create table categories (id integer primary key, slug text, title text);
create table sellers (id integer primary key, code text, name text, city text, state text);
create table products (
  id integer primary key, sku text, name text, description text, category_id integer,
  seller_id integer, created_at text
);
create table prices (product_id integer, price real);
create table reviews (
  id integer primary key autoincrement, product_id integer, user_id integer, score integer,
  body text, created_at text, is_public integer default 1
);
create table users (
  id integer primary key, email text, name text, city text, state text, salt text, password text,
  created_at text
);
create table sessions (sid text primary key, user_id integer, created_at text);
create table cart_items (
  cart_id text, product_id integer, quantity integer, price real, added_at text,
  primary key (cart_id, product_id)
);
create table orders (
  id integer primary key autoincrement, number text, user_id integer, total real, instalments integer,
  status text, created_at text
);
create table order_items (order_id integer, product_id integer, quantity integer, price real);
create table photos (user_id integer primary key, size integer, sha256 text, stored_at text);

create index prices_by_product on prices (product_id);
create index reviews_by_product on reviews (product_id);
create index orders_by_user on orders (user_id);
create index order_items_by_order on order_items (order_id);
